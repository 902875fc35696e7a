import { Progress } from '@mantine/core';
import type { ReactElement } from 'react';
import { phaseText, progressOf } from '../../state/phase';
import { usePage } from '../../state/store';
import styles from './RunPanel.module.css';

/** The phase in words and how far it is. */
export function PhaseLine(): ReactElement {
  const run = usePage((state) => state.run);
  const progress = progressOf(run);
  return (
    <>
      <div className={styles.phase}>
        <span role="status">{phaseText(run)}</span>
        <span className="muted">{progress?.text}</span>
      </div>
      <Progress.Root size={6} className={styles.progress}>
        <Progress.Section value={progress?.percent ?? 0} striped={progress?.endless} animated={progress?.endless} color={run.phase === 'failed' ? 'orange' : 'blue'} aria-label="Progress of the phase" />
      </Progress.Root>
    </>
  );
}
