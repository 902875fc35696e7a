import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import { cast, tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { verifyCheckpoint } from '../models/checkpoint';
import { embeddingGraph, loadClip, tokenGraph, visionParameters, type ClipModel } from '../models/clip';
import { encodeLatents, loadDiffusion, textContext, unetGraph, type DiffusionModel } from '../models/diffusion';
import { createEncoder } from '../models/encoder';
import { exportClip } from '../models/export';
import { inlineBytes, Network } from '../train/network';
import { visionTower } from './clip';
import { tinyConfig, type StageName } from './config';
import { clipFiles, diffusionFiles, treeOf } from './export';
import { STAGE_MAKERS, type Weights } from './stages';

const executor = createNodeOrt(1);
const config = tinyConfig(3);
const weights = {} as Record<StageName, Weights>;
let clip: ClipModel;
let diffusion: DiffusionModel;

beforeAll(async () => {
  for (const stage of ['clip-text', 'clip-vision', 'vae', 'unet'] as const) {
    const made = await STAGE_MAKERS[stage](config, executor, (name) => Promise.resolve(weights[name]));
    weights[stage] = made.initial;
    await made.dispose();
  }
  const { 'clip-text': text, 'clip-vision': vision, vae, unet } = weights;
  clip = await loadClip(treeOf('nano-clip', await clipFiles(config, text, vision)));
  diffusion = await loadDiffusion(treeOf('nano-sd', await diffusionFiles(config, executor, text, vae, unet)));
});

const waves = (shape: readonly number[]): Tensor => tensorFrom('float32', shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(0.7 * i)));

describe('nano-CLIP as files', () => {
  it('embeds as the trained network does, its weights rounded to float16, in batches of any size', async () => {
    const net = new Network('vision');
    const pixels = waves([2, 3, 32, 32]);
    const { embeds } = visionTower(net, net.input('pixels', pixels.shape), config.clip);
    const { graph, parameters } = net.build([embeds]);
    const state = Object.fromEntries(parameters.map(({ name }) => [name, cast(cast(weights['clip-vision'][name]!, 'float16'), 'float32')]));
    const own = await executor.compile({ graphs: { embed: graph }, state, weights: inlineBytes });
    const want = toNumbers((await own.run('embed', { pixels }))[embeds]!);
    for (const batch of [1, 2]) {
      const loaded = await executor.compile({ graphs: { embed: embeddingGraph(clip, batch) }, weights: clip.weights });
      const got = toNumbers((await loaded.run('embed', { pixel_values: { ...pixels, shape: [batch, 3, 32, 32], data: pixels.data.slice(0, batch * 3072) } }))['image_embeds']!);
      got.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 5));
    }
  });

  it('gives every token, trains its weights by their names in transformers, and is exported again', async () => {
    const tokens = tokenGraph(clip, 2);
    expect(tokens.outputs.map((output) => tokens.types.get(output)!.shape)).toEqual([[2, 1, 16], [2, 16, 16]]);
    const trained = visionParameters(tokens, clip);
    expect(trained).toContain('vision_model.embeddings.stem.0.weight');
    expect(trained).toContain('visual_projection.weight');
    const again = treeOf('again', await exportClip(clip));
    await verifyCheckpoint(again);
    expect(visionParameters(tokenGraph(await loadClip(again), 2), clip)).toEqual(trained);
  });

  it('reads texts', async () => {
    const encoder = await createEncoder(clip, executor);
    const [a, b, c] = await encoder.texts(['a photo of a fish', 'a photo of a fish', 'a photo of a red fish']);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    await encoder.dispose();
  });
});

describe('nano-SD as files', () => {
  it('states its sizes', () => {
    expect(diffusion).toMatchObject({ contextWidth: 16, contextLength: 24, latentChannels: 24, imageSize: 32, latentSize: 4 });
    expect(diffusion.scheduler.trainTimesteps).toBe(1000);
    expect(diffusion.scheduler.predictionType).toBe('epsilon');
  });

  it('encodes pictures and texts, and denoises with any number of tokens', async () => {
    const latents = await encodeLatents(diffusion, executor, 3);
    expect((await latents.run(waves([3, 3, 32, 32]))).shape).toEqual([3, 24, 4, 4]);
    expect((await textContext(diffusion, executor, 'a photo of a .')).shape).toEqual([1, 24, 16]);
    const program = await executor.compile({ graphs: { unet: unetGraph(diffusion, 2, 17) }, weights: diffusion.unetWeights });
    const noise = await program.run('unet', { sample: waves([2, 24, 4, 4]), timestep: tensorFrom('int64', [2], [5, 900]), encoder_hidden_states: waves([2, 17, 16]) });
    expect(noise['out_sample']!.shape).toEqual([2, 24, 4, 4]);
    const session = await ort.InferenceSession.create(await diffusion.tree.files.find(({ path }) => path === 'unet/model.onnx')!.read());
    const fed = { sample: waves([2, 24, 4, 4]).data, encoder_hidden_states: waves([2, 17, 16]).data } as Record<string, Float32Array>;
    const raw = await session.run({ sample: new ort.Tensor(fed['sample']!, [2, 24, 4, 4]), timestep: new ort.Tensor('int64', [5n, 900n], [2]), encoder_hidden_states: new ort.Tensor(fed['encoder_hidden_states']!, [2, 17, 16]) });
    const want = toNumbers(noise['out_sample']!);
    // the same operators, differently fused
    (raw['out_sample']!.data as Float32Array).forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 5));
    await session.release();
    await latents.dispose();
    await program.dispose();
  });
});
