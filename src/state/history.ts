import { formatP, formatSetting, formatSigned } from './format';
import { pointsGained } from './pairs';
import { picturesPerStep } from './plan';
import type { RunState } from './run';

/** A run that has ended in a comparison, in words. */
export interface PastRun {
  readonly control: boolean;
  readonly models: string;
  /** What it was. */
  readonly title: string;
  /** What came of it. */
  readonly score: string;
}

/** Undefined where nothing was compared. */
export function pastRun({ settings, inputs, comparison, step }: RunState): PastRun | undefined {
  if (!settings || !comparison) return undefined;
  const { before, after, mcnemar } = comparison;
  const control = settings.recipe === 'control';
  return {
    control,
    models: `${inputs.clip?.name} under ${inputs.diffusion?.name}`,
    title: `${control ? 'Control' : 'DIVA'}, ${step} × ${picturesPerStep(settings)}, lr ${formatSetting(settings.lr)}, seed ${settings.seed}`,
    score: `${before.pairsRight} → ${after.pairsRight} of ${after.of} (${formatSigned(pointsGained(comparison), 1)}), ${formatP(mcnemar.p)}`,
  };
}
