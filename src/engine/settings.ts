import { parseSettings, writtenSettings, type PresetName, type RunSettings } from '../recipes/settings';
import type { Advice, Settings, SettingValue } from './api';

/** Under the names of a settings file: what the page has a field for, and what it has no use for. */
const ELSEWHERE = new Set(['recipe', 'steps', 'lr', 'draws', 'micro_batch', 'accumulate', 'seed', 'checkpoint_every']);

/** Bundled models that settings were chosen for together. */
const PAIRS: readonly { readonly clip: string; readonly diffusion: string; readonly preset: PresetName; readonly models: string }[] = [
  { clip: 'nano-clip', diffusion: 'nano-sd', preset: 'nano', models: 'nano-CLIP under nano-SD' },
];

/** A run's settings as the page has them. */
export function pageSettings(settings: RunSettings): Omit<Settings, 'executor' | 'evaluateEvery'> {
  const { recipe, steps, lr, draws, microBatch, accumulate, seed } = settings;
  const more = Object.entries(writtenSettings(settings)).filter(([name]) => !ELSEWHERE.has(name));
  return { recipe, steps, lr, draws, batch: microBatch, accumulate, seed, more: Object.fromEntries(more) as Record<string, SettingValue> };
}

/** The settings of a run that the page asks for. Throws a UserError that names a setting which is unknown or out of range. */
export function runSettings({ more, recipe, steps, lr, draws, batch, accumulate, seed }: Settings): RunSettings {
  return parseSettings({ ...more, recipe, steps, lr, draws, batch, accumulate, seed }, 'the recipe');
}

/** @param chosen names of what is bundled; undefined for a person's own */
export function adviceFor(chosen: { readonly clip?: string | undefined; readonly diffusion?: string | undefined }): Advice {
  const pair = PAIRS.find(({ clip, diffusion }) => clip === chosen.clip && diffusion === chosen.diffusion);
  if (!pair) return { settings: { more: pageSettings(parseSettings({}, 'the usual settings')).more } };
  return { settings: pageSettings(parseSettings({ preset: pair.preset }, 'the preset')), models: pair.models };
}
