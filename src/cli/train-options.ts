import { parseArgs } from 'node:util';
import { UserError } from '../ir/errors';
import { parseSettings, type RunSettings } from '../recipes/settings';
import { fromText, settingsOfDraws, type DrawsFile } from '../train/draws-file';

export interface TrainOptions {
  readonly clip: string | undefined;
  readonly diffusion: string | undefined;
  readonly images: string | undefined;
  readonly out: string | undefined;
  readonly draws: string | undefined;
  readonly recordDraws: string | undefined;
  readonly resume: string | undefined;
  readonly executor: string | undefined;
  /** What --recipe, --steps, --seed and --set say, by the names of a run's settings. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** The words after `train` or `export-step`. Throws a UserError for a --set that is no key=value. */
export function parseTrainOptions(argv: string[]): TrainOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: argv,
    options: { clip: text, diffusion: text, images: text, recipe: text, steps: text, seed: text, set: { type: 'string', multiple: true, default: [] }, out: text, draws: text, 'record-draws': text, resume: text, executor: text },
  });
  const { clip, diffusion, images, out, draws, resume, executor } = values;
  const named = (['recipe', 'steps', 'seed'] as const).flatMap((key) => (values[key] === undefined ? [] : [[key, fromText(values[key])] as const]));
  return { clip, diffusion, images, out, draws, recordDraws: values['record-draws'], resume, executor, given: Object.fromEntries([...values.set.map(pair), ...named]) };
}

/** `batch` is another name of `micro_batch`; an empty value or `none` is null. */
function pair(word: string): readonly [string, unknown] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  if (key === undefined) throw new UserError(`--set takes key=value, but "${word}" has no "="`, '--set', 'Write --set lr=1e-4, for example');
  return [key === 'batch' ? 'micro_batch' : key, value === 'none' ? null : fromText(value!)];
}

export function needed(options: TrainOptions, name: 'clip' | 'diffusion' | 'out'): string {
  return options[name] ?? missing(`--${name}`);
}

export function missing(option: string): never {
  throw new UserError(`${option} is missing`, '', 'Give --clip DIR --diffusion DIR --images PATH --out DIR (a draws file may stand in for the pictures), or --resume DIR.partial');
}

/** The settings given, over those that a draws file holds. Throws a UserError for one that contradicts the sizes of what was recorded. */
export function settingsFrom(given: Readonly<Record<string, unknown>>, draws: DrawsFile | undefined): RunSettings {
  if (!draws) return parseSettings(given, '--set');
  const settings = parseSettings({ ...settingsOfDraws(draws), ...given }, '--set');
  const { steps, accumulate, draws: each, batch, patches } = draws.sizes;
  const fixed = { accumulate: [settings.accumulate, accumulate], draws: [settings.draws, each], micro_batch: [settings.microBatch, batch], patches: [settings.condition === 'class+random' ? settings.patches : patches, patches] };
  for (const [name, [asked, recorded]] of Object.entries(fixed)) if (recorded !== undefined && asked !== recorded) contradicts(name, asked, recorded, draws.file);
  if (steps !== undefined && settings.steps > steps) contradicts('steps', settings.steps, steps, draws.file);
  return settings;
}

function contradicts(name: string, asked: number | undefined, recorded: number, file: string): never {
  throw new UserError(`${name} is ${asked}, but the draws were recorded for ${recorded}`, file, `Leave ${name} out, or draw anew without --draws`);
}
