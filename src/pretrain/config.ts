import type { ClipSizes } from './clip';
import type { UnetSizes } from './unet';
import type { VaeSizes } from './vae';
import { DOWNSAMPLING } from './vae';
import { TEXT_LENGTH, vocabulary } from './vocabulary';

/** In the order in which they are trained: each needs those before it, but for the VAE, which needs none. */
export const STAGES = ['clip-text', 'clip-vision', 'vae', 'unet'] as const;
export type StageName = (typeof STAGES)[number];

export interface Schedule {
  readonly batch: number;
  /** Steps over which the learning rate falls to 0. */
  readonly steps: number;
  /** The step at which the stage ends, `steps` at most: the running average of the weights stands for what a smaller learning rate would still have smoothed. */
  readonly end: number;
  readonly lr: number;
  /** Steps until the learning rate is reached; then it falls as a cosine. */
  readonly warmup: number;
  readonly weightDecay: number;
}

export interface PretrainConfig {
  readonly seed: number;
  readonly clip: ClipSizes;
  readonly vae: VaeSizes;
  readonly unet: UnetSizes;
  /** Weight of the VAE's divergence from the standard normal distribution. */
  readonly klWeight: number;
  /** Share of captions that the UNet is not told. */
  readonly captionDropout: number;
  /** From this step on the UNet also learns to tell a picture's caption from one with a changed attribute. */
  readonly contrastFrom: number;
  readonly schedules: Readonly<Record<StageName, Schedule>>;
}

interface Widths {
  readonly imageSize: number;
  readonly vision: number;
  readonly visionLayers: number;
  readonly text: number;
  readonly stem: readonly number[];
  readonly vae: readonly [number, number];
  readonly unet: readonly [number, number];
  readonly groups: number;
}

function sizesOf(widths: Widths): Pick<PretrainConfig, 'clip' | 'vae' | 'unet'> {
  const { imageSize, vision, visionLayers, text, stem, groups } = widths;
  const latent = 24;
  return {
    clip: {
      vision: { width: vision, layers: visionLayers, heads: 4, imageSize, patchSize: 8, stem },
      text: { width: text, layers: 2, heads: 4, vocabulary: vocabulary().size, length: TEXT_LENGTH },
      embedding: text,
    },
    vae: { imageSize, channels: widths.vae, latent, groups },
    unet: { latent, latentSize: imageSize / DOWNSAMPLING, channels: widths.unet, groups, heads: 4, contextWidth: text },
  };
}

const SCHEDULES = {
  'clip-text': { batch: 128, steps: 2400, end: 1020, lr: 1e-3, warmup: 100, weightDecay: 0.05 },
  'clip-vision': { batch: 128, steps: 400, end: 240, lr: 1e-3, warmup: 20, weightDecay: 0.05 },
  vae: { batch: 32, steps: 2400, end: 730, lr: 1e-3, warmup: 100, weightDecay: 0 },
  unet: { batch: 64, steps: 3200, end: 2800, lr: 1e-3, warmup: 200, weightDecay: 0.01 },
} as const satisfies Record<StageName, Schedule>;

const REST = { klWeight: 1e-4, captionDropout: 0.1, contrastFrom: 820, schedules: SCHEDULES } as const;

/** What ships. */
export function fullConfig(seed: number): PretrainConfig {
  return { seed, ...sizesOf({ imageSize: 64, vision: 96, visionLayers: 4, text: 128, stem: [24, 48], vae: [64, 96], unet: [80, 96], groups: 16 }), ...REST };
}

/** The same networks for a few steps, to see that everything works. */
export function smokeConfig(seed: number): PretrainConfig {
  return withSteps(fullConfig(seed), { steps: 20, batch: 16 });
}

/** Networks so small that a test trains them in seconds. */
export function tinyConfig(seed: number): PretrainConfig {
  const sizes = sizesOf({ imageSize: 32, vision: 16, visionLayers: 1, text: 16, stem: [8, 8], vae: [8, 8], unet: [8, 8], groups: 4 });
  return withSteps({ seed, ...sizes, ...REST }, { steps: 4, batch: 4 });
}

function withSteps(config: PretrainConfig, { steps, batch }: { readonly steps: number; readonly batch: number }): PretrainConfig {
  const schedules = Object.fromEntries(STAGES.map((stage) => [stage, { ...config.schedules[stage], batch, steps, end: steps, warmup: 2 }])) as Record<StageName, Schedule>;
  return { ...config, contrastFrom: steps / 2, schedules };
}
