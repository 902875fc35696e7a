import type { ReactElement } from 'react';
import { measuresRun } from '../../state/inputs';
import { usePage } from '../../state/store';
import { Panel } from '../Panel';
import { EvaluationCard } from './EvaluationCard';
import styles from './MeasurePanel.module.css';

/** What can be asked beside the pairs, each when a person wants it. */
export function MeasurePanel(): ReactElement | null {
  const evaluations = usePage((state) => state.evaluations);
  const name = usePage((state) => state.slots.clip.info?.name ?? 'the eyes');
  const tuned = usePage(measuresRun);
  if (!evaluations.length) return null;
  return (
    <Panel name="Measure" aside={<span className="small muted">More than pairs, asked of {name}{tuned ? ' before and after tuning' : ', which is not tuned yet'}</span>}>
      <div className={styles.cards}>{evaluations.map((info) => <EvaluationCard key={info.id} info={info} />)}</div>
    </Panel>
  );
}
