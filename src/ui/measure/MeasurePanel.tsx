import type { ReactElement } from 'react';
import { usePage } from '../../state/store';
import { Panel } from '../Panel';
import { EvaluationCard } from './EvaluationCard';
import styles from './MeasurePanel.module.css';

/** What can be asked beside the pairs, each when a person wants it. */
export function MeasurePanel(): ReactElement | null {
  const evaluations = usePage((state) => state.evaluations);
  if (!evaluations.length) return null;
  return (
    <Panel name="Measure" aside={<span className="small muted">More than pairs: the same questions before and after</span>}>
      <div className={styles.cards}>{evaluations.map((info) => <EvaluationCard key={info.id} info={info} />)}</div>
    </Panel>
  );
}
