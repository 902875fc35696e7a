import type { ReactElement } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { formatDuration, formatNumber } from '../../state/format';
import { secondsLeft } from '../../state/run';
import { usePage } from '../../state/store';
import styles from './RunPanel.module.css';

const NOTHING = '–';

/** The newest numbers, each in its fixed place. */
export function RunFacts(): ReactElement {
  const { run, planned } = usePage(useShallow((state) => ({ run: state.run, planned: state.settings.steps })));
  const running = run.step > 0;
  const ended = run.phase === 'done' || run.phase === 'failed';
  const facts = [
    ['Step', running ? `${run.step} / ${run.steps}` : `0 / ${planned}`],
    ['Loss', run.loss === undefined ? NOTHING : formatNumber(run.loss)],
    ['Images / s', running ? run.imagesPerSecond.toFixed(1) : NOTHING],
    ['Per step', running ? formatDuration(run.secondsPerStep) : NOTHING],
    ['Time left', running && !ended ? formatDuration(secondsLeft(run)) : NOTHING],
  ];
  return <dl className={styles.facts}>{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
