import type { Scene } from '../data/scenes/scene';
import type { Executor, Program } from '../executors/executor';
import { sizeOf, tensorFrom, type Tensor } from '../ir/tensor';
import { encodeLatents, unetGraph, type DiffusionModel, type LatentEncoder } from '../models/diffusion';
import { inFloat32, loadOnnx, needFile } from '../models/files';
import { textGraph, type TextGraph } from '../models/text';
import { specialise } from '../onnx/import';
import { RandomStream } from '../train/random';
import { pixelsOf } from './pictures';

const BATCH = 32;

/** Timesteps from..to - 1. */
export interface LossRange {
  readonly draws: number;
  readonly from: number;
  readonly to: number;
}

/** A diffusion model that is asked how well captions explain pictures. */
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

  /** For each scene under its caption the mean squared error of the predicted noise. Draws depend on the scene's place only: they are common to all captions. */
  async losses(scenes: readonly Scene[], captions: readonly string[], { draws, from, to }: LossRange): Promise<number[]> {
    await this.read(captions);
    const clean = await this.encode(scenes);
    const each = sizeOf(this.shape) / BATCH;
    const jobs = scenes.flatMap((_, place) => Array.from({ length: draws }, (_unused, draw) => ({ place, stream: new RandomStream(0, 'noise', { step: place, draw }) })));
    const sums = new Float64Array(scenes.length);
    for (let at = 0; at < jobs.length; at += BATCH) {
      const batch = jobs.slice(at, at + BATCH);
      const padded = [...batch, ...new Array<(typeof jobs)[number]>(BATCH - batch.length).fill(batch[0]!)];
      const times = padded.map(({ stream }) => from + stream.integer(to - from));
      const noise = joined(padded.map(({ stream }) => stream.normals(each)));
      const sample = this.noised(padded.map(({ place }) => clean.subarray(place * each, (place + 1) * each)), noise, times);
      const context = joined(padded.map(({ place }) => this.contexts.get(captions[place]!)!));
      const shape = [BATCH, this.model.contextLength, this.model.contextWidth];
      const result = await this.unet.run('denoise', { sample, timestep: tensorFrom('int64', [BATCH], times), encoder_hidden_states: { dtype: 'float32', shape, data: context } });
      const { data } = Object.values(result)[0]!;
      batch.forEach(({ place }, i) => {
        for (let j = i * each; j < (i + 1) * each; j++) sums[place]! += ((data[j] as number) - noise[j]!) ** 2 / each / draws;
      });
    }
    return [...sums];
  }

  async dispose(): Promise<void> {
    await this.latents.dispose();
    await this.texts.dispose();
    await this.unet.dispose();
  }

  private get shape(): number[] {
    return [BATCH, this.model.latentChannels, this.model.latentSize, this.model.latentSize];
  }

  private noised(clean: readonly Float32Array[], noise: Float32Array, times: readonly number[]): Tensor {
    const each = noise.length / BATCH;
    const data = noise.map((eps, i) => {
      const abar = this.model.scheduler.alphasCumprod[times[Math.floor(i / each)]!]!;
      return Math.sqrt(abar) * clean[Math.floor(i / each)]![i % each]! + Math.sqrt(1 - abar) * eps;
    });
    return { dtype: 'float32', shape: this.shape, data };
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

/** The pictures after the VAE's encoder and decoder, float32 [N,3,S,S] as given. */
export async function reconstruct(model: DiffusionModel, executor: Executor, pixels: Tensor): Promise<Tensor> {
  const { latentChannels, latentSize, scalingFactor } = model;
  const { model: decoder, weights } = await loadOnnx(model.tree, needFile(model.tree, ['vae_decoder/model.onnx']));
  const [input, output] = [decoder.graph.inputs[0]!.name, decoder.graph.outputs[0]!];
  const graph = specialise(inFloat32(decoder), { shapes: { [input]: [BATCH, latentChannels, latentSize, latentSize] } });
  const program = await executor.compile({ graphs: { decode: graph }, weights });
  const encoder = await encodeLatents(model, executor, BATCH);
  const each = sizeOf(pixels.shape.slice(1)) * BATCH;
  const data = new Float32Array(pixels.data.length);
  for (let at = 0; at < data.length; at += each) {
    const part = new Float32Array(each);
    part.set((pixels.data as Float32Array).subarray(at, at + each));
    const latents = await encoder.run({ dtype: 'float32', shape: [BATCH, ...pixels.shape.slice(1)], data: part });
    const plain = (latents.data as Float32Array).map((value) => value / scalingFactor);
    const { [output]: again } = await program.run('decode', { [input]: { ...latents, data: plain } });
    data.set((again!.data as Float32Array).subarray(0, data.length - at), at);
  }
  await encoder.dispose();
  await program.dispose();
  return { ...pixels, data };
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
