import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import type { KeptRun } from '../engine/api';
import { CARDS } from '../state/inputs';
import { workUnderWay } from '../state/ready';
import { discardKept, goOn, usePage } from '../state/store';
import { InfoIcon } from './icons';
import styles from './Notice.module.css';
import { SteadyButton } from './SteadyButton';

const timeOf = (at: number): string => new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** What only a person can choose again. */
function missingOf({ inputs }: KeptRun): string[] {
  return inputs.filter(({ chosen, source }) => !chosen && !source).map(({ kind, name }) => `${name} under ${CARDS[kind]}`);
}

/** Offers to go on with a run that was broken off. */
export function KeptNotice(): ReactElement | null {
  const kept = usePage((state) => state.kept);
  const off = usePage((state) => state.broken || workUnderWay(state) !== undefined || Object.values(state.slots).some(({ reading }) => reading !== undefined));
  if (!kept) return null;
  const missing = missingOf(kept);
  const names = Object.fromEntries(kept.inputs.map(({ kind, name }) => [kind, name]));
  return (
    <div className={`${styles.notice} ${styles.row}`} role="status">
      <InfoIcon />
      <span className={styles.text}>
        A run of {timeOf(kept.at)} was broken off after step {kept.step} of {kept.settings.steps}: {names['clip']} under {names['diffusion']} with {names['pictures']}.
        {missing.length > 0 && ` To go on with it, drop again what it was started on: ${missing.join(', ')}.`}
      </span>
      <SteadyButton size="compact-sm" off={off || missing.length > 0} onClick={() => void goOn()}>Go on</SteadyButton>
      <Button size="compact-sm" variant="default" onClick={() => void discardKept()}>Discard</Button>
    </div>
  );
}
