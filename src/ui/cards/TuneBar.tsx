import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { readiness } from '../../state/ready';
import { tune, usePage } from '../../state/store';
import styles from './TuneBar.module.css';

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
      <Button fullWidth size="md" disabled={!ready} onClick={start}>Tune</Button>
      <p className="small muted">{sentence}</p>
    </div>
  );
}
