import type { ClipInfo, DiffusionInfo, Probe, Settings } from '../engine/api';
import { formatDuration, plural } from './format';

/** The executor that a choice means on this machine. */
export function executorFor(settings: Settings, probe: Probe | undefined): 'webgpu' | 'wasm' | undefined {
  return settings.executor === 'auto' ? probe?.recommended : settings.executor;
}

export const EXECUTOR_NAMES: Readonly<Record<string, string>> = { webgpu: 'WebGPU', wasm: 'WASM' };

/** Runs with the same combination take equally long a step. */
export function combinationOf(settings: Settings, executor: string, clip: ClipInfo, diffusion: DiffusionInfo): string {
  return [clip.name, clip.parameters, diffusion.name, diffusion.parameters, executor, settings.draws, settings.batch, settings.accumulate, JSON.stringify(settings.more)].join('|');
}

/** Pictures that one optimiser step looks at. */
export function picturesPerStep(settings: Settings): number {
  return settings.batch * settings.accumulate;
}

/** One sentence for a recipe's card. */
export function recipeSummary(settings: Settings): string {
  const name = settings.recipe === 'diva' ? 'DIVA' : 'Control';
  return `${name} · ${plural(settings.steps, 'step')} of ${picturesPerStep(settings)}`;
}

/** What Tune will do and how long that takes here; `secondsPerStep` is a measurement of an earlier run, if there is one. */
export function planSentence(settings: Settings, clip: ClipInfo, executor: string, pairs: number | undefined, secondsPerStep: number | undefined): string {
  const steps = `${plural(settings.steps, 'step')} of ${plural(picturesPerStep(settings), 'picture')}`;
  const then = pairs === undefined ? '' : `, and counts how many of ${plural(pairs, 'pair')} it tells apart before and after`;
  const time = secondsPerStep === undefined
    ? 'How long that takes here shows after the first step.'
    : `The steps take about ${formatDuration(settings.steps * secondsPerStep)} here, going by the last run.`;
  return `Tunes ${clip.name} for ${steps} on ${EXECUTOR_NAMES[executor] ?? executor}${then}. ${time}`;
}
