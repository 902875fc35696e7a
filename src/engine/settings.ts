import { UserError } from '../ir/errors';
import { parseSettings, writtenSettings, type PresetName, type RunSettings } from '../recipes/settings';
import type { Advice, Settings, SettingValue, Usable } from './api';

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
export function runSettings(settings: Settings): RunSettings {
  return parseSettings(written(settings), 'the recipe');
}

/** By the names of a settings file. */
function written({ more, recipe, steps, lr, draws, batch, accumulate, seed }: Settings): Record<string, unknown> {
  return { ...more, recipe, steps, lr, draws, batch, accumulate, seed };
}

/** A setting is refused that is wrong by itself, or else, where not all go together over `over`, that does not go with those before it. */
export function usableSettings({ more = {}, executor, evaluateEvery, ...fields }: Partial<Settings>, over: Settings): Usable {
  const refused: Usable['refused'][number][] = [];
  const accepts = (given: Record<string, unknown>) => ({ name, value, field }: Named): boolean => {
    const misnamed = !field && (ELSEWHERE.has(name) || name === 'batch' || name === 'preset');
    const why = misnamed ? 'it is none of those that stand after "set."' : whyNot({ ...given, [name]: value });
    if (why !== undefined) refused.push({ name, value, why });
    return why === undefined;
  };
  let kept = [...named(fields, true), ...named(more, false)].filter(accepts({}));
  const given = written(over);
  if (whyNot({ ...given, ...record(kept) }) !== undefined) kept = kept.filter((setting) => accepts(given)(setting) && Object.assign(given, record([setting])));
  const others = record(kept.filter(({ field }) => !field));
  return { settings: { ...record(kept.filter(({ field }) => field)), ...(executor && { executor }), ...(evaluateEvery !== undefined && { evaluateEvery }), ...(Object.keys(others).length > 0 && { more: others }) }, refused };
}

interface Named {
  readonly name: string;
  readonly value: SettingValue;
  /** Has a field of its own on the page. */
  readonly field: boolean;
}

const named = (settings: Readonly<Record<string, SettingValue>>, field: boolean): Named[] => Object.entries(settings).map(([name, value]) => ({ name, value, field }));
const record = (settings: readonly Named[]): Record<string, SettingValue> => Object.fromEntries(settings.map(({ name, value }) => [name, value]));

function whyNot(given: Record<string, unknown>): string | undefined {
  try {
    parseSettings(given, '');
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.what;
    throw error;
  }
}

/** @param chosen names of what is bundled; undefined for a person's own */
export function adviceFor(chosen: { readonly clip?: string | undefined; readonly diffusion?: string | undefined }): Advice {
  const pair = PAIRS.find(({ clip, diffusion }) => clip === chosen.clip && diffusion === chosen.diffusion);
  if (!pair) return { settings: { more: pageSettings(parseSettings({}, 'the usual settings')).more } };
  return { settings: pageSettings(parseSettings({ preset: pair.preset }, 'the preset')), models: pair.models };
}
