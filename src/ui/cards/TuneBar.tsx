import type { ReactElement } from 'react';
import { readiness } from '../../state/ready';
import { tune, usePage } from '../../state/store';
import { SteadyButton } from '../SteadyButton';
import styles from './TuneBar.module.css';

/** Where the focus goes when a run has ended. */
export const TUNE_ID = 'tune';

function start(): void {
  const run = document.querySelector('section[aria-label="Run"]');
  if (run && run.getBoundingClientRect().top > window.innerHeight / 2) run.scrollIntoView({ behavior: 'smooth' });
  void tune();
}

export function TuneBar(): ReactElement {
  const ready = usePage((state) => readiness(state).ready);
  const sentence = usePage((state) => readiness(state).sentence);
  return (
    <div className={styles.bar}>
      <SteadyButton id={TUNE_ID} fullWidth size="md" off={!ready} onClick={start}>Tune</SteadyButton>
      <p className="small muted">{sentence}</p>
    </div>
  );
}
