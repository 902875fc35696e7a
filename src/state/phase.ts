import { plural } from './format';
import type { RunState } from './run';

const ASKED = { pause: 'Pausing after this step', resume: 'Going on', stop: 'Stopping as soon as this step or part is done' } as const;

/** What the run is doing, in words. */
export function phaseText(run: RunState): string {
  if (run.asked) return ASKED[run.asked];
  switch (run.phase) {
    case 'idle': return 'Nothing has run yet';
    case 'loading': return run.label || 'Loading';
    case 'compiling': return run.label || 'Compiling';
    case 'training': return run.label || 'Training';
    case 'evaluating': return run.label || 'Comparing';
    case 'paused': return `Paused after ${plural(run.step, 'step')}`;
    case 'done': return run.step === 0 ? 'Stopped before the first step: nothing was changed' : run.step < run.steps ? `Stopped after ${plural(run.step, 'step')}` : 'Done';
    case 'failed': return run.weightsLost ? `The engine broke off ${run.step ? `after ${plural(run.step, 'step')}` : 'before the first step'}` : 'Failed: the message at the top says why';
  }
}

export interface PhaseProgress {
  readonly percent: number;
  readonly text: string;
  /** Under way, and nobody knows how long. */
  readonly endless: boolean;
}

/** How far the phase is: training by its steps, the others by what the engine counts. */
export function progressOf(run: RunState): PhaseProgress | undefined {
  switch (run.phase) {
    case 'idle':
    case 'failed':
      return undefined;
    case 'done':
      return run.step === 0 ? undefined : { percent: 100, text: '', endless: false };
    case 'training':
    case 'paused':
      return run.steps ? { percent: (100 * run.step) / run.steps, text: '', endless: false } : { percent: 100, text: '', endless: true };
    default:
      if (!run.progress?.total) return { percent: 100, text: '', endless: true };
      return { percent: (100 * run.progress.done) / run.progress.total, text: `${run.progress.done} of ${run.progress.total}`, endless: false };
  }
}
