import type { Advice, ExecutorChoice, Settings, SettingValue } from '../engine/api';

export const defaultSettings: Settings = {
  recipe: 'diva', steps: 40, lr: 1e-4, draws: 1, batch: 4, accumulate: 1, seed: 1, executor: 'auto', evaluateEvery: 0, more: {},
};

/** A person's own settings, over what is advised for the models, over the defaults. */
export function settled(own: Partial<Settings>, advised: Advice['settings'] = {}): Settings {
  return { ...defaultSettings, ...advised, ...own, more: { ...advised.more, ...own.more } };
}

export type NumberKey = { [K in keyof Settings]: Settings[K] extends number ? K : never }[keyof Settings];

/** Lowest and highest sensible value of each number, and whether it is whole. */
export const RANGES: Readonly<Record<NumberKey, { readonly min: number; readonly max: number; readonly whole: boolean }>> = {
  steps: { min: 1, max: 100_000, whole: true },
  lr: { min: 1e-9, max: 10, whole: false },
  draws: { min: 1, max: 64, whole: true },
  batch: { min: 1, max: 1024, whole: true },
  accumulate: { min: 1, max: 1024, whole: true },
  seed: { min: 0, max: 2 ** 31 - 1, whole: true },
  evaluateEvery: { min: 0, max: 100_000, whole: true },
};

/** Before the names of settings that have no field, in an address. */
const MORE = 'set.';

const EXECUTORS: readonly ExecutorChoice[] = ['auto', 'webgpu', 'wasm'];
const RECIPES: readonly Settings['recipe'][] = ['diva', 'control'];

export function isNumberKey(key: string): key is NumberKey {
  return key in RANGES;
}

export function inRange(key: NumberKey, value: number): boolean {
  const { min, max, whole } = RANGES[key];
  return value >= min && value <= max && (!whole || Number.isInteger(value));
}

/** What a person types for a setting that has no field: a number, true, false, null or a word. */
export function parseValue(text: string): SettingValue {
  const trimmed = text.trim();
  const named: Readonly<Record<string, SettingValue>> = { true: true, false: false, null: null };
  if (Object.hasOwn(named, trimmed)) return named[trimmed]!;
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** What is said of a setting of the address that a run would not take. */
export function problemOf(name: string, value: SettingValue, { more }: Partial<Settings>, why: string): string {
  return `The address asks for ${more && Object.hasOwn(more, name) ? MORE : ''}${name}=${String(value)}: ${why}.`;
}

/** The settings that an address's query has, and a sentence for each value that cannot be used. Keys that are no settings are left to others. */
export function settingsFromQuery(query: string): { readonly settings: Partial<Settings>; readonly problems: readonly string[] } {
  const settings: Record<string, string | number> = {};
  const more: Record<string, SettingValue> = {};
  const problems: string[] = [];
  for (const [key, text] of new URLSearchParams(query)) {
    if (isNumberKey(key)) {
      const value = text.trim() === '' ? NaN : Number(text);
      if (inRange(key, value)) settings[key] = value;
      else problems.push(`The address asks for ${key}=${text}, which is not ${RANGES[key].whole ? 'a whole number' : 'a number'} from ${RANGES[key].min} to ${RANGES[key].max}.`);
    } else if (key.startsWith(MORE)) {
      more[key.slice(MORE.length)] = parseValue(text);
    } else if (key === 'executor' || key === 'recipe') {
      const choices: readonly string[] = key === 'executor' ? EXECUTORS : RECIPES;
      if (choices.includes(text)) settings[key] = text;
      else problems.push(`The address asks for ${key}=${text}; it can be ${choices.join(', ')}.`);
    }
  }
  return { settings: { ...settings, ...(Object.keys(more).length > 0 && { more }) }, problems };
}

/** The query that brings these settings back. */
export function settingsToQuery(settings: Partial<Settings>): string {
  const { more = {}, ...fields } = settings;
  const entries = [...Object.entries(fields), ...Object.entries(more).map(([name, value]) => [MORE + name, value] as const)];
  return entries.length ? `?${new URLSearchParams(entries.map(([key, value]) => [key, String(value)]))}` : '';
}
