import type { Scheduler } from '../models/diffusion';
import { RandomStream } from '../train/random';
import type { Denoiser } from './denoiser';

export interface SampleOptions {
  /** Steps from noise to picture. */
  readonly steps: number;
  /** How far beyond the noise seen without a caption, towards that seen under one. 1: what is seen under the caption. */
  readonly guidance: number;
}

/** What the sheets are drawn with. */
export const SAMPLING: SampleOptions = { steps: 30, guidance: 4 };

/** Latents that denoise from `starts` under captions, all one after another; both one a caption. Deterministic: DDIM with eta 0. */
export function sample(denoiser: Denoiser, { alphasCumprod }: Scheduler, captions: readonly string[], starts: Float32Array, { steps, guidance }: SampleOptions): Promise<Float32Array> {
  const untold = captions.map(() => '');
  const twice = [...captions, ...untold];
  return ddim(alphasCumprod, steps, starts, async (latents, timestep) => {
    const both = new Float32Array(2 * latents.length);
    both.set(latents);
    both.set(latents, latents.length);
    const seen = await denoiser.predict(both, twice.map(() => timestep), twice);
    const [told, free] = [seen.subarray(0, latents.length), seen.subarray(latents.length)];
    return told.map((value, i) => free[i]! + guidance * (value - free[i]!));
  });
}

/** Standard normal numbers to start a sample from. */
export function startingNoise(seed: number, count: number): Float32Array {
  return new RandomStream(seed, 'noise').normals(count);
}

/**
 * From the noisiest timestep T - d to 0 in strides of d = floor(T / steps), with p = t - d, abar_p = 1 for p < 0 and eps = predict(x, t):
 *
 *     x0 = (x - sqrt(1 - abar_t) eps) / sqrt(abar_t)
 *     x <- sqrt(abar_p) x0 + sqrt(1 - abar_p) eps
 *
 * (Song et al., "Denoising diffusion implicit models", eq. 12, sigma 0; diffusers' DDIMScheduler with its own defaults.)
 */
export async function ddim(alphasCumprod: ArrayLike<number>, steps: number, start: Float32Array, predict: (x: Float32Array, t: number) => Promise<Float32Array>): Promise<Float32Array> {
  const stride = Math.floor(alphasCumprod.length / steps);
  let x = start;
  for (let t = stride * (steps - 1); t >= 0; t -= stride) {
    const eps = await predict(x, t);
    const [now, next] = [alphasCumprod[t]!, t >= stride ? alphasCumprod[t - stride]! : 1];
    x = x.map((value, i) => Math.sqrt(next) * ((value - Math.sqrt(1 - now) * eps[i]!) / Math.sqrt(now)) + Math.sqrt(1 - next) * eps[i]!);
  }
  return x;
}
