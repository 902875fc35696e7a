import type { ReactElement } from 'react';
import { usePage } from '../state/store';
import styles from './KeepPanel.module.css';
import { Panel } from './Panel';

/** What earlier runs of this visit came to, feedback and control beside each other. */
export function HistoryPanel(): ReactElement | null {
  const history = usePage((state) => state.history);
  if (!history.length) return null;
  const several = history.some(({ models }) => models !== history[0]!.models);
  return (
    <Panel name="History">
      <ol className={styles.runs}>{history.map(({ models, title, score }, i) => <li key={i}>{several && <>{models}<br /></>}{title}<br /><b>{score}</b></li>)}</ol>
      {!history.some(({ control }) => control) && (
        <p className="small muted">To see what the same steps do without the teacher’s help, choose the recipe Control and tune again.</p>
      )}
    </Panel>
  );
}
