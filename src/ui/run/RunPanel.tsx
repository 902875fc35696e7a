import { SegmentedControl } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { executorFor } from '../../state/plan';
import { isBusy } from '../../state/run';
import { usePage } from '../../state/store';
import { SkippedList } from '../cards/SkippedList';
import { OlderResults } from '../OlderResults';
import { Panel } from '../Panel';
import { Chart } from './Chart';
import type { Line } from './columns';
import { Controls } from './Controls';
import { PhaseLine } from './PhaseLine';
import { RunFacts } from './RunFacts';
import styles from './RunPanel.module.css';
import { StepTable } from './StepTable';

const LOSS: readonly Line[] = [
  { column: 'loss', label: 'loss', colour: '--sb-right-faint', width: 1 },
  { column: 'average', label: 'average', colour: '--sb-right', width: 2.5 },
];
const RATE: readonly Line[] = [{ column: 'lr', label: 'learning rate', colour: '--sb-muted', width: 1.5 }];
const GRADIENT: readonly Line[] = [{ column: 'gradNorm', label: 'gradient norm', colour: '--sb-muted', width: 1.5 }];

function Charts(): ReactElement {
  const idle = usePage((state) => state.run.step === 0 && !isBusy(state.run.phase));
  if (idle) {
    return (
      <p className={styles.idle}>
        Press Tune. The teacher takes noise out of your pictures, knowing only what the eyes tell it; step by step the eyes are changed so that it errs less.
        Its error, the loss, is drawn here.
      </p>
    );
  }
  return (
    <>
      <Chart name="Loss over the steps" lines={LOSS} height={230} empty="The loss of every step will be drawn here." />
      <div className={styles.small}>
        <Chart name="Learning rate over the steps" lines={RATE} height={110} fromZero />
        <Chart name="Gradient norm over the steps" lines={GRADIENT} height={110} fromZero />
      </div>
    </>
  );
}

/** What scripts read of the run, as attributes of its landmark. */
function useRunData(): Record<`data-${string}`, string | number | undefined> {
  const phase = usePage((state) => state.run.phase);
  const step = usePage((state) => state.run.step);
  const loss = usePage((state) => state.run.loss);
  const executor = usePage((state) => state.run.executor || executorFor(state.settings, state.probe));
  return { 'data-phase': phase, 'data-step': step, 'data-loss': loss, 'data-executor': executor };
}

export function RunPanel(): ReactElement {
  const [view, setView] = useState('Chart');
  const skipped = usePage((state) => state.run.skipped);
  return (
    <Panel name="Run" data={useRunData()} aside={<><Controls /><SegmentedControl size="xs" aria-label="View of the steps" data={['Chart', 'Table']} value={view} onChange={setView} /></>}>
      <OlderResults />
      <RunFacts />
      <PhaseLine />
      {view === 'Chart' ? <Charts /> : <StepTable />}
      <SkippedList skipped={skipped} />
    </Panel>
  );
}
