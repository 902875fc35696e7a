import type { Comparison, Score, Settings } from '../engine/api';
import type { RunState } from './run';
import type { Series } from './series';
import type { Measured } from './page';

interface ReportInput {
  readonly settings: Settings;
  readonly run: RunState;
  readonly series: Series;
  readonly measured?: Readonly<Record<string, Measured>>;
}

/** Everything measured in a run as plain JSON: what was used, every step, every score, every pair. */
export function reportOf({ settings, run, series, measured = {} }: ReportInput): object {
  const { clip, diffusion, pictures } = run.inputs;
  return {
    settings: run.settings ?? settings, clip, diffusion,
    pictures: pictures && { name: pictures.name, count: pictures.count, skipped: pictures.skipped },
    executor: run.executor, adapter: run.adapter, memory_bytes: run.memoryBytes, phase: run.phase,
    skipped_in_training: run.skipped,
    metrics: series.step.map((step, i) => ({ step, loss: series.loss[i], lr: series.lr[i], grad_norm: series.gradNorm[i] })),
    scores: run.scores.map(scoreOf),
    comparison: run.comparison && comparisonOf(run.comparison),
    evaluations: Object.fromEntries(Object.entries(measured).flatMap(([id, { result }]) => (result ? [[id, { ...result, maps: undefined }]] : []))),
  };
}

const scoreOf = ({ step, pairsRight, of, perPattern }: Score): object => ({ step, pairs_right: pairsRight, of, per_pattern: perPattern });

function comparisonOf({ readout, before, after, mcnemar, patterns, pairs }: Comparison): object {
  return {
    readout, mcnemar, patterns, before: scoreOf(before), after: scoreOf(after),
    pairs: pairs.map(({ pattern, captions }, i) => ({ pattern, captions, before: before.pairs[i], after: after.pairs[i] })),
  };
}
