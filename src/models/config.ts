import { z } from 'zod';
import { parseJson } from '../data/json';
import type { Scheduler } from './diffusion';

/** Sizes of one tower of a CLIP, as its config.json states them. */
interface TowerConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
}

export interface VisionConfig extends TowerConfig {
  readonly modelType: 'clip' | 'siglip';
  /** Pixels on a side; pictures are square. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly channels: number;
  /** Channels of the convolutions of stride 2 that come before the patches' own; CLIP has none, our small one has. */
  readonly stem: readonly number[];
  /** Width of the embedding that pictures and texts share. */
  readonly embeddingSize: number;
}

export interface TextConfig extends TowerConfig {
  readonly vocabSize: number;
  /** Tokens of a text, padding included. */
  readonly contextLength: number;
}

export interface ClipConfig {
  readonly modelType: 'clip' | 'siglip';
  /** Where the model came from, as the file says; '' where it does not. */
  readonly nameOrPath: string;
  readonly vision: VisionConfig;
  readonly text: TextConfig;
}

const ACTIVATIONS = ['quick_gelu', 'gelu', 'gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'relu', 'silu', 'swish', 'tanh', 'sigmoid'] as const;

/** Bounds that no published model comes near; beyond them a file is taken to be wrong. */
const MOST = { width: 1 << 16, layers: 1000, pixels: 1 << 14, vocabulary: 1 << 24, context: 1 << 16, timesteps: 100_000 };

const count = (most: number) => z.number().int().min(1).max(most);

const tower = {
  hidden_size: count(MOST.width).optional(),
  intermediate_size: count(MOST.width).optional(),
  num_hidden_layers: count(MOST.layers).optional(),
  num_attention_heads: count(MOST.width).optional(),
  hidden_act: z.enum(ACTIVATIONS).optional(),
  projection_dim: count(MOST.width).optional(),
};

const vision = z.object({ ...tower, image_size: count(MOST.pixels).optional(), patch_size: count(MOST.pixels).optional(), num_channels: count(16).optional(), stem_channels: z.array(count(MOST.width)).max(8).default([]) });
const text = z.object({ ...tower, vocab_size: count(MOST.vocabulary).optional(), max_position_embeddings: count(MOST.context).optional() });

/** What transformers assumes where a config is silent. */
const DEFAULTS = {
  clip: { vision: { hidden: 768, inner: 3072, layers: 12, heads: 12, image: 224, patch: 32 }, text: { hidden: 512, inner: 2048, layers: 12, heads: 8, vocab: 49408, context: 77 } },
  siglip: { vision: { hidden: 768, inner: 3072, layers: 12, heads: 12, image: 224, patch: 16 }, text: { hidden: 768, inner: 3072, layers: 12, heads: 12, vocab: 32000, context: 64 } },
} as const;
const DEFAULT_PROJECTION = 512;

type Sizes = z.infer<z.ZodObject<typeof tower>>;
type Context = z.core.$RefinementCtx;

/** A config written in full or not at all: one that states some sizes of a tower but not its width has lost a line. */
function refineTower(sizes: Sizes, ctx: Context): void {
  const stated = [sizes.intermediate_size, sizes.num_hidden_layers, sizes.num_attention_heads].some((size) => size !== undefined);
  if (stated && sizes.hidden_size === undefined) ctx.addIssue({ code: 'custom', path: ['hidden_size'], message: 'expected the width of the tower', input: undefined });
}

function towerOf(sizes: Sizes, defaults: { hidden: number; inner: number; layers: number; heads: number }, ctx: Context): TowerConfig {
  refineTower(sizes, ctx);
  const config = {
    hiddenSize: sizes.hidden_size ?? defaults.hidden,
    intermediateSize: sizes.intermediate_size ?? defaults.inner,
    layers: sizes.num_hidden_layers ?? defaults.layers,
    heads: sizes.num_attention_heads ?? defaults.heads,
  };
  if (config.hiddenSize % config.heads) ctx.addIssue({ code: 'custom', path: ['num_attention_heads'], message: `expected a divisor of hidden_size ${config.hiddenSize}`, input: config.heads });
  return config;
}

const visionConfig = (modelType: 'clip' | 'siglip', projection?: number) =>
  vision.transform((given, ctx): VisionConfig => {
    const defaults = DEFAULTS[modelType].vision;
    const sizes = towerOf(given, defaults, ctx);
    const imageSize = given.image_size ?? defaults.image;
    const patchSize = given.patch_size ?? defaults.patch;
    if (patchSize > imageSize) ctx.addIssue({ code: 'custom', path: ['patch_size'], message: `expected at most image_size ${imageSize}`, input: patchSize });
    const embeddingSize = modelType === 'siglip' ? sizes.hiddenSize : (given.projection_dim ?? projection ?? DEFAULT_PROJECTION);
    return { modelType, ...sizes, imageSize, patchSize, channels: given.num_channels ?? 3, stem: given.stem_channels, embeddingSize };
  });

const textConfig = (modelType: 'clip' | 'siglip') =>
  text.transform((given, ctx): TextConfig => {
    const defaults = DEFAULTS[modelType].text;
    return { ...towerOf(given, defaults, ctx), vocabSize: given.vocab_size ?? defaults.vocab, contextLength: given.max_position_embeddings ?? defaults.context };
  });

const named = { _name_or_path: z.string().optional(), projection_dim: count(MOST.width).nullish() };

const whole = <T extends 'clip' | 'siglip'>(modelType: T, projection?: number) =>
  z.object({ ...named, model_type: z.literal(modelType), vision_config: visionConfig(modelType, projection), text_config: textConfig(modelType) })
    .transform((given): ClipConfig => ({ modelType, nameOrPath: given._name_or_path ?? '', vision: given.vision_config, text: given.text_config }));

/** Reads config.json of a CLIP or SigLIP with both towers. Throws a UserError that names the key and its value. */
export function parseClipConfig(source: string, file: string): ClipConfig {
  const { model_type: modelType, projection_dim: projection } = parseJson(source, file, z.object({ ...named, model_type: z.enum(['clip', 'siglip']) }));
  return parseJson<ClipConfig>(source, file, whole(modelType, projection ?? undefined));
}

/** The vision tower's part of a config.json, which may describe that tower alone. */
export function parseVisionConfig(source: string, file: string): VisionConfig {
  const { model_type: modelType } = parseJson(source, file, z.object({ model_type: z.enum(['clip', 'siglip', 'clip_vision_model', 'siglip_vision_model']) }));
  if (modelType === 'clip' || modelType === 'siglip') return parseClipConfig(source, file).vision;
  return parseJson<VisionConfig>(source, file, visionConfig(modelType === 'clip_vision_model' ? 'clip' : 'siglip'));
}

const SCHEDULES = {
  linear: (steps: number, start: number, end: number) => spaced(steps, start, end),
  scaled_linear: (steps: number, start: number, end: number) => spaced(steps, Math.sqrt(start), Math.sqrt(end)).map((root) => root ** 2),
  // beta_i = min(1 - abar((i + 1) / T) / abar(i / T), 0.999),  abar(u) = cos^2((u + 0.008) / 1.008 * pi / 2)
  squaredcos_cap_v2: (steps: number) => {
    const abar = (u: number): number => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    return Array.from({ length: steps }, (_, i) => Math.min(1 - abar((i + 1) / steps) / abar(i / steps), 0.999));
  },
};

const beta = z.number().gt(0).lt(1);

const scheduler = z.object({
  num_train_timesteps: count(MOST.timesteps).default(1000),
  beta_start: beta.default(0.0001),
  beta_end: beta.default(0.02),
  beta_schedule: z.enum(Object.keys(SCHEDULES) as [keyof typeof SCHEDULES]).default('linear'),
  trained_betas: z.array(beta).nullish(),
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
  rescale_betas_zero_snr: z.literal(false).optional(),
});

/** Reads diffusers' scheduler_config.json; only what training needs of it. Throws a UserError that names the key and its value. */
export function parseSchedulerConfig(source: string, file: string): Scheduler {
  const config = parseJson(source, file, scheduler);
  const betas = config.trained_betas ?? SCHEDULES[config.beta_schedule](config.num_train_timesteps, config.beta_start, config.beta_end);
  let product = 1;
  return { alphasCumprod: Float64Array.from(betas, (value) => (product *= 1 - value)), predictionType: config.prediction_type, trainTimesteps: betas.length };
}

/** `steps` numbers from `start` to `end`, both included. */
function spaced(steps: number, start: number, end: number): number[] {
  return Array.from({ length: steps }, (_, i) => start + ((end - start) * i) / Math.max(1, steps - 1));
}
