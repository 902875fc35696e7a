import { z } from 'zod';
import { parseJson } from '../data/json';
import { UserError } from '../ir/errors';
import { SCOPES, type Scope } from '../models/scope';
import type { ConditionName } from './condition';

export interface RunSettings {
  readonly recipe: 'diva' | 'control';
  /** Optimiser steps. */
  readonly steps: number;
  readonly seed: number;
  readonly lr: number;
  readonly momentum: number;
  /** Steps of warm-up, or below 1 their share of all. */
  readonly warmup: number;
  /** SGD with momentum (DIVA), or Adam, which takes no momentum. */
  readonly optimizer: 'sgd' | 'adam';
  /** Largest L2 norm of the gradient; undefined: no bound. */
  readonly clipNorm: number | undefined;
  /** Noise draws for each micro-batch. */
  readonly draws: number;
  readonly microBatch: number;
  /** Micro-batches of a step. */
  readonly accumulate: number;
  /** By the CLIP's family where undefined, as are the next two by its grid. */
  readonly condition: ConditionName | undefined;
  /** The projection to the diffusion model's context: trained from PyTorch's start of a linear layer (DIVA), or fitted to texts and frozen (train/text-projection.ts). */
  readonly projection: 'random' | 'text';
  /** The vision tower, its last block and what follows, or what follows its pooled token alone. */
  readonly trained: Scope;
  /** Weight of the distillation of what the untouched model says of everyday things (train/distillation.ts); 0: none. */
  readonly distill: number;
  /** Timesteps are drawn from these on, to before these; undefined: all of the scheduler's. */
  readonly minTimestep: number;
  readonly maxTimestep: number | undefined;
  /** Random patches of class+random; 0: the class token alone. */
  readonly patches: number | undefined;
  /** Kernel and stride of pooled+average. */
  readonly pool: number | undefined;
  /** Steps from one checkpoint to the next. */
  readonly checkpointEvery: number;
}

/** Settings chosen for a model, by the names that {@link parseSettings} takes. */
export const PRESETS = {
  /** nano-CLIP under nano-SD. */
  nano: { steps: 360, micro_batch: 24, accumulate: 1, draws: 1, optimizer: 'adam', lr: 0.001, warmup: 0.1, trained: 'last', distill: 0.003, projection: 'text', patches: 0, min_timestep: 150, max_timestep: 750 },
} as const;

export type PresetName = keyof typeof PRESETS;

const presetSchema = z.looseObject({ preset: z.enum(Object.keys(PRESETS) as PresetName[]).optional() });

/** Largest sensible values: beyond them a number is a slip. */
const MOST = { steps: 1_000_000_000, lr: 1000, distill: 1000, batch: 4096, accumulate: 65_536, draws: 1024, tokens: 16_384, timesteps: 100_000 };

/** Checkpoints of a run where their distance is not given, unless that makes them closer than LEAST_CHECKPOINT_STEPS. */
const CHECKPOINTS = 10;
const LEAST_CHECKPOINT_STEPS = 10;

const count = (most: number) => z.int().min(1).max(most);

/** DIVA's settings (batch 640, 4600 steps), scaled to what one machine does in minutes. */
const schema = z.strictObject({
  recipe: z.enum(['diva', 'control']).default('diva'),
  steps: count(MOST.steps).default(100),
  seed: z.int().min(0).default(1),
  lr: z.number().min(0).max(MOST.lr).default(1e-4),
  momentum: z.number().min(0).lt(1).default(0.9),
  warmup: z.union([z.number().min(0).lt(1), z.int().min(1).max(MOST.steps)]).default(0.005),
  optimizer: z.enum(['sgd', 'adam']).default('sgd'),
  clip_norm: z.union([z.number().positive(), z.null()]).default(1),
  draws: count(MOST.draws).default(2),
  micro_batch: count(MOST.batch).optional(),
  batch: count(MOST.batch).optional(),
  accumulate: count(MOST.accumulate).default(1),
  condition: z.enum(['class+random', 'class+all', 'pooled+average']).optional(),
  projection: z.enum(['random', 'text']).default('random'),
  trained: z.enum(SCOPES).default('all'),
  distill: z.number().min(0).max(MOST.distill).default(0),
  min_timestep: z.int().min(0).max(MOST.timesteps).default(0),
  max_timestep: count(MOST.timesteps).optional(),
  patches: z.int().min(0).max(MOST.tokens).optional(),
  pool: count(MOST.tokens).optional(),
  checkpoint_every: count(MOST.steps).optional(),
});

const MICRO_BATCH = 4;

const REMEDY = 'Correct this setting';

/**
 * Settings by their snake_case names (`batch` stands for `micro_batch`), or a run.json, which holds them under `settings`; what is missing is as in the
 * `preset`, if one is named, and else takes its default. Throws a UserError that names `where` and the setting for unknown names, wrong types and values out of range.
 */
export function parseSettings(given: unknown, where: string): RunSettings {
  const inner = isRunFile(given) ? given.settings : given;
  const text = JSON.stringify(inner, visibly) ?? 'null';
  const { preset } = parseJson(text, where, presetSchema, REMEDY);
  return settled(parseJson(preset ? JSON.stringify(over(PRESETS[preset], JSON.parse(text) as object)) : text, where, schema, REMEDY), where);
}

/** The same from a file's text. */
export function parseSettingsFile(text: string, file: string): RunSettings {
  return parseSettings(parseJson(text, file, z.unknown()), file);
}

/** The settings under the names that {@link parseSettings} takes. */
export function writtenSettings(settings: RunSettings): Record<string, unknown> {
  const { clipNorm, microBatch, checkpointEvery, minTimestep, maxTimestep, ...same } = settings;
  const all = { ...same, clip_norm: clipNorm ?? null, micro_batch: microBatch, checkpoint_every: checkpointEvery, min_timestep: minTimestep, max_timestep: maxTimestep };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function settled({ clip_norm, micro_batch, batch, checkpoint_every, min_timestep, max_timestep, ...same }: z.infer<typeof schema>, where: string): RunSettings {
  if (micro_batch !== undefined && batch !== undefined && micro_batch !== batch) throw new UserError(`batch is ${batch} and micro_batch ${micro_batch}, but they are the same setting`, where, 'Give one of them');
  const microBatch = micro_batch ?? batch ?? MICRO_BATCH;
  if (same.recipe === 'control' && microBatch < 2) throw new UserError('The recipe control shuffles the pictures of a batch, and batch is 1', where, 'Use a batch of at least 2');
  if (max_timestep !== undefined && min_timestep >= max_timestep) throw new UserError(`min_timestep is ${min_timestep} and max_timestep ${max_timestep}: there is none between them`, where, 'Give a larger max_timestep');
  return {
    ...same,
    condition: same.condition,
    patches: same.patches,
    minTimestep: min_timestep,
    maxTimestep: max_timestep,
    pool: same.pool,
    clipNorm: clip_norm ?? undefined,
    microBatch,
    checkpointEvery: checkpoint_every ?? Math.max(LEAST_CHECKPOINT_STEPS, Math.ceil(same.steps / CHECKPOINTS)),
  };
}

/** What is given over a preset, whose batch gives way to one under either name. */
function over({ micro_batch, ...rest }: (typeof PRESETS)[PresetName], given: object): object {
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'preset'));
  return { ...(Object.hasOwn(own, 'batch') ? {} : { micro_batch }), ...rest, ...own };
}

function isRunFile(given: unknown): given is { settings: unknown } {
  return typeof given === 'object' && given !== null && Object.hasOwn(given, 'settings') && Object.hasOwn(given, 'seebetter');
}

/** Numbers that JSON cannot hold stay visible in the complaint about them. */
function visibly(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
