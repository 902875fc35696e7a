import { useState, type ReactElement } from 'react';
import { executorFor, EXECUTOR_NAMES } from '../state/plan';
import { usePage } from '../state/store';
import { HelpDialog } from './HelpDialog';
import { InfoIcon } from './icons';
import styles from './Notice.module.css';

/** Where there is no real WebGPU adapter: says so, what happens instead and what can be done. */
export function MachineNotice(): ReactElement | null {
  const probe = usePage((state) => state.probe);
  const executor = usePage((state) => executorFor(state.settings, state.probe));
  const [help, setHelp] = useState(false);
  if (!probe || !executor || probe.webgpu === 'hardware') return null;
  return (
    <div className={styles.notice}>
      <InfoIcon />
      <p className={styles.text}>
        {probe.reason} This page computes on {EXECUTOR_NAMES[executor]}; that can be changed under Recipe.{' '}
        <button type="button" className={styles.link} onClick={() => setHelp(true)}>How to turn WebGPU on</button>
      </p>
      <HelpDialog opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}
