import type { EngineEvent } from '../engine/api';

type Step = Extract<EngineEvent, { kind: 'step' }>;

/** The numbers of every step, column by column as the chart takes them. Lives outside React; the store counts its versions. */
export interface Series {
  readonly step: number[];
  readonly loss: number[];
  /** Exponential average of the loss; the first steps weigh more, so that it is not held up by where it began. */
  readonly average: number[];
  readonly lr: number[];
  readonly gradNorm: number[];
}

const SMOOTHING = 0.1;

export function emptySeries(): Series {
  return { step: [], loss: [], average: [], lr: [], gradNorm: [] };
}

export function appendStep(series: Series, event: Step): void {
  const last = series.average.at(-1) ?? event.loss;
  const weight = Math.max(SMOOTHING, 2 / (series.step.length + 2));
  series.step.push(event.step);
  series.loss.push(event.loss);
  series.average.push(last + weight * (event.loss - last));
  series.lr.push(event.lr);
  series.gradNorm.push(event.gradNorm);
}
