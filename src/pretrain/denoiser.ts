import type { Scene } from '../data/scenes/scene';
import type { Executor, Program } from '../executors/executor';
import { sizeOf, tensorFrom } from '../ir/tensor';
import { encodeLatents, unetGraph, type DiffusionModel, type LatentEncoder } from '../models/diffusion';
import { inFloat32 } from '../models/files';
import { textGraph, type TextGraph } from '../models/text';
import { RandomStream } from '../train/random';
import { pixelsOf } from './pictures';

const BATCH = 32;

/** Timesteps from..to - 1. */
export interface LossRange {
  readonly draws: number;
  readonly from: number;
  readonly to: number;
}

/** What `losses` draws for a scene by its place: timestep, and noise of so many numbers. */
export function drawOf(place: number, draw: number, { from, to }: LossRange, each: number): { readonly timestep: number; readonly noise: Float32Array } {
  const stream = new RandomStream(0, 'noise', { step: place, draw });
  return { timestep: from + stream.integer(to - from), noise: stream.normals(each) };
}

/** A diffusion model that is asked for the noise that it sees under a caption. */
export class Denoiser {
  private readonly contexts = new Map<string, Float32Array>();

  private constructor(
    private readonly model: DiffusionModel,
    private readonly latents: LatentEncoder,
    private readonly text: TextGraph,
    private readonly texts: Program,
    private readonly unet: Program,
  ) {}

  static async create(model: DiffusionModel, executor: Executor): Promise<Denoiser> {
    const text = textGraph(inFloat32(model.textEncoder), 'last_hidden_state', BATCH, model.contextLength);
    return new Denoiser(
      model,
      await encodeLatents(model, executor, BATCH),
      text,
      await executor.compile({ graphs: { encode: text.graph }, weights: model.textWeights }),
      await executor.compile({ graphs: { denoise: unetGraph(model, BATCH, model.contextLength) }, weights: model.unetWeights }),
    );
  }

  /** Numbers in a latent. */
  get each(): number {
    return sizeOf(this.shape) / BATCH;
  }

  /** For each scene under its caption the mean squared error of the predicted noise. Draws depend on the scene's place only: they are common to all captions. */
  async losses(scenes: readonly Scene[], captions: readonly string[], range: LossRange): Promise<number[]> {
    const clean = await this.encode(scenes);
    const { each } = this;
    const jobs = scenes.flatMap((_, place) => Array.from({ length: range.draws }, (_unused, draw) => ({ place, draw })));
    const sums = new Float64Array(scenes.length);
    for (let at = 0; at < jobs.length; at += BATCH) {
      const batch = jobs.slice(at, at + BATCH);
      const drawn = batch.map(({ place, draw }) => drawOf(place, draw, range, each));
      const [times, noise] = [drawn.map(({ timestep }) => timestep), joined(drawn.map((one) => one.noise))];
      const noisy = this.noised(batch.map(({ place }) => clean.subarray(place * each, (place + 1) * each)), noise, times);
      const predicted = await this.predict(noisy, times, batch.map(({ place }) => captions[place]!));
      batch.forEach(({ place }, i) => {
        for (let j = i * each; j < (i + 1) * each; j++) sums[place]! += (predicted[j]! - noise[j]!) ** 2 / each / range.draws;
      });
    }
    return [...sums];
  }

  /**
   * The predicted noise of N latents, one after another, as the latents are; '' tells nothing.
   *
   * @param timesteps and @param captions one a latent
   */
  async predict(latents: Float32Array, timesteps: readonly number[], captions: readonly string[]): Promise<Float32Array> {
    await this.read(captions);
    const { each } = this;
    const predicted = new Float32Array(latents.length);
    for (let at = 0; at < captions.length; at += BATCH) {
      const rows = Array.from({ length: BATCH }, (_, i) => Math.min(at + i, captions.length - 1));
      const result = await this.unet.run('denoise', {
        sample: { dtype: 'float32', shape: this.shape, data: joined(rows.map((row) => latents.subarray(row * each, (row + 1) * each))) },
        timestep: tensorFrom('int64', [BATCH], rows.map((row) => timesteps[row]!)),
        encoder_hidden_states: { dtype: 'float32', shape: [BATCH, this.model.contextLength, this.model.contextWidth], data: joined(rows.map((row) => this.contexts.get(captions[row]!)!)) },
      });
      predicted.set((Object.values(result)[0]!.data as Float32Array).subarray(0, predicted.length - at * each), at * each);
    }
    return predicted;
  }

  async dispose(): Promise<void> {
    await this.latents.dispose();
    await this.texts.dispose();
    await this.unet.dispose();
  }

  private get shape(): number[] {
    return [BATCH, this.model.latentChannels, this.model.latentSize, this.model.latentSize];
  }

  private noised(clean: readonly Float32Array[], noise: Float32Array, times: readonly number[]): Float32Array {
    const each = noise.length / clean.length;
    return noise.map((eps, i) => {
      const abar = this.model.scheduler.alphasCumprod[times[Math.floor(i / each)]!]!;
      return Math.sqrt(abar) * clean[Math.floor(i / each)]![i % each]! + Math.sqrt(1 - abar) * eps;
    });
  }

  private async encode(scenes: readonly Scene[]): Promise<Float32Array> {
    const parts: Float32Array[] = [];
    for (let at = 0; at < scenes.length; at += BATCH) {
      const batch = scenes.slice(at, at + BATCH);
      const padded = [...batch, ...new Array<Scene>(BATCH - batch.length).fill(batch[0]!)];
      parts.push((await this.latents.run(pixelsOf(padded, this.model.imageSize))).data as Float32Array);
    }
    return joined(parts);
  }

  /** Encodes the captions that are not known yet. */
  private async read(captions: readonly string[]): Promise<void> {
    const unknown = [...new Set(captions)].filter((caption) => !this.contexts.has(caption));
    const { contextLength, contextWidth, tokenizer } = this.model;
    const each = contextLength * contextWidth;
    for (let at = 0; at < unknown.length; at += BATCH) {
      const batch = unknown.slice(at, at + BATCH);
      const ids = Array.from({ length: BATCH }, (_, i) => tokenizer.encode(batch[i] ?? '')).flat();
      const { last_hidden_state: hidden } = await this.texts.run('encode', this.text.feed(tensorFrom('int64', [BATCH, contextLength], ids)));
      batch.forEach((caption, i) => this.contexts.set(caption, (hidden!.data as Float32Array).slice(i * each, (i + 1) * each)));
    }
  }
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
