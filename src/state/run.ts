import type { BenchmarkInfo, ClipInfo, Comparison, DiffusionInfo, EngineEvent, Failure, Phase, PicturesInfo, Score, Settings } from '../engine/api';

/** What the cards held when a run was started; its results are theirs, whatever the cards hold later. */
export interface RunInputs {
  readonly clip?: ClipInfo | undefined;
  readonly diffusion?: DiffusionInfo | undefined;
  readonly pictures?: PicturesInfo | undefined;
  readonly benchmark?: BenchmarkInfo | undefined;
}

/** All that the page knows of a run, except the series of its steps (series.ts). */
export interface RunState {
  readonly phase: Phase;
  /** What it was started with. */
  readonly settings?: Settings;
  readonly inputs: RunInputs;
  /** The phase in words, as the engine says it. */
  readonly label: string;
  readonly progress?: { readonly done: number; readonly total: number };
  /** What the person asked for and the engine has not come to yet. */
  readonly asked?: 'pause' | 'resume' | 'stop';
  readonly executor: string;
  readonly adapter: string;
  readonly memoryBytes: number;
  readonly steps: number;
  readonly step: number;
  readonly loss?: number;
  readonly imagesPerSecond: number;
  /** Mean seconds a step, over the last steps: for the time that is left. */
  readonly secondsPerStep: number;
  /** Pictures that training met and could not use. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly scores: readonly Score[];
  readonly comparison?: Comparison;
  readonly failure?: Failure;
  /** The engine that held the tuned weights is gone. */
  readonly weightsLost?: boolean;
}

export const idleRun: RunState = {
  phase: 'idle', inputs: {}, label: '', executor: '', adapter: '', memoryBytes: 0, steps: 0, step: 0, imagesPerSecond: 0, secondsPerStep: 0, skipped: [], scores: [],
};

/** Weight of the newest step in the mean that the time left is told from. */
const RECENT = 0.2;

/** The only writer of the run's state. */
export function applyEvent(state: RunState, event: EngineEvent): RunState {
  switch (event.kind) {
    case 'phase':
      return {
        ...state, phase: event.phase, label: event.label, asked: event.phase === state.phase ? state.asked : undefined,
        progress: event.total === undefined ? undefined : { done: event.done ?? 0, total: event.total },
      };
    case 'started':
      return { ...state, steps: event.steps, executor: event.executor, adapter: event.adapter, memoryBytes: event.memoryBytes };
    case 'step': {
      const mean = state.step === 0 ? event.seconds : state.secondsPerStep + RECENT * (event.seconds - state.secondsPerStep);
      return { ...state, step: event.step, loss: event.loss, imagesPerSecond: event.imagesPerSecond, secondsPerStep: mean };
    }
    case 'score':
      return { ...state, scores: [...state.scores, event.score] };
    case 'comparison':
      return { ...state, comparison: event.comparison };
    case 'failed':
      return { ...state, phase: 'failed', label: '', progress: undefined, asked: undefined, failure: event.failure };
    case 'evaluation':
    case 'download':
      return state;
    case 'skipped':
      return { ...state, skipped: [...state.skipped, { path: event.path, reason: event.reason }] };
  }
}

/** Whether a run is under way, so that the cards must hold still. */
export function isBusy(phase: Phase): boolean {
  return phase !== 'idle' && phase !== 'done' && phase !== 'failed';
}

/** Whether there are trained weights and nothing is changing them. */
export function canExport(run: RunState): boolean {
  return run.step > 0 && !run.weightsLost && (run.phase === 'done' || run.phase === 'paused');
}

/** Seconds until the last step, at the pace of the last ones. */
export function secondsLeft(run: RunState): number {
  return Math.max(0, run.steps - run.step) * run.secondsPerStep;
}
