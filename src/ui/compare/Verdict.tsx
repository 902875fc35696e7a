import type { ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import { measuresRun } from '../../state/inputs';
import { measure, usePage } from '../../state/store';
import { pairsVerdict, readoutVerdict } from '../../state/verdict';
import { SteadyButton } from '../SteadyButton';
import styles from './ComparePanel.module.css';

/** The evaluation that tells what an embedding holds whether or not texts can say it. */
const READOUT = 'readout';

/** What the figures allow to be said, of the pairs and of what linear probes find. */
export function Verdict({ comparison }: { readonly comparison: Comparison }): ReactElement {
  const measured = usePage((state) => state.measured[READOUT]);
  const offered = usePage((state) => measuresRun(state) && state.evaluations.some(({ id }) => id === READOUT));
  const control = usePage((state) => state.run.settings?.recipe === 'control');
  const readout = measured?.result && readoutVerdict(measured.result);
  return (
    <div className={styles.verdict}>
      <p>{pairsVerdict(comparison)}{control && ' This was the control: the same steps with the signal of another picture.'}</p>
      {readout !== undefined && <p>{readout}</p>}
      {readout === undefined && offered && (
        <p>
          The pairs ask what its texts can say. What the embedding holds besides is not measured yet.{' '}
          <SteadyButton size="compact-xs" variant="default" off={measured?.progress !== undefined} onClick={() => void measure(READOUT)}>{measured?.progress ? 'Measuring…' : 'Measure it'}</SteadyButton>
        </p>
      )}
    </div>
  );
}
