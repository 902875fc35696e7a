import { beforeAll, describe, expect, it } from 'vitest';
import { findFile } from '../data/files';
import { readSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { toNumbers } from '../ir/tensor';
import { loadClip, type ClipModel } from '../models/clip';
import { verifyCheckpoint } from '../models/checkpoint';
import { createEncoder } from '../models/encoder';
import { exportClip, logitScale } from '../models/export';
import { textTensors, visionTensors } from '../models/parameters';
import { tinyConfig } from '../pretrain/config';
import { clipFiles, treeOf } from '../pretrain/export';
import { STAGE_MAKERS, type Weights } from '../pretrain/stages';
import { RandomStream } from './random';
import { realign, type CaptionedEmbeddings, type RealignMetrics } from './realign';

const executor = createNodeOrt(1);
const config = tinyConfig(3);
const SETTINGS = { steps: 30, lr: 3e-3, seed: 1, batch: 6 };
const WORDS = ['a photo of a car', 'a photo of a duck', 'a photo of a fish'];
let clip: ClipModel;
let captioned: CaptionedEmbeddings;

beforeAll(async () => {
  const weights: Record<string, Weights> = {};
  for (const stage of ['clip-text', 'clip-vision'] as const) {
    const made = await STAGE_MAKERS[stage](config, executor, (name) => Promise.resolve(weights[name]!));
    weights[stage] = made.initial;
    await made.dispose();
  }
  clip = await loadClip(treeOf('nano-clip', await clipFiles(config, weights['clip-text']!, weights['clip-vision']!)));
  const normal = new RandomStream(5, 'noise');
  const unit = (): Float32Array => {
    const vector = normal.normals(clip.config.vision.embeddingSize);
    return vector.map((value) => value / Math.hypot(...vector));
  };
  const directions = WORDS.map(unit);
  captioned = { embeddings: Array.from({ length: 9 }, (_, i) => directions[i % 3]!), captions: Array.from({ length: 9 }, (_, i) => [{ text: WORDS[i % 3]!, picture: i }, { text: `${WORDS[i % 3]!} on grass`, picture: i }]).flat() };
});

describe('a text tower, aligned again', () => {
  it('lowers the loss, the same way for the same seed, and leaves the vision tower as it is', async () => {
    const [metrics, again] = [0, 1].map((): RealignMetrics[] => []) as [RealignMetrics[], RealignMetrics[]];
    const aligned = await realign(clip, captioned, SETTINGS, executor, (one) => metrics.push(one));
    await realign(clip, captioned, SETTINGS, executor, (one) => again.push(one));
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: SETTINGS.steps }, (_, i) => i + 1));
    // Three kinds, each twice in a batch of six: ln 2 would be left were a caption right for one picture only.
    expect(metrics.at(-1)!.loss).toBeLessThan(0.5 * metrics[0]!.loss);
    expect(again).toEqual(metrics);
    const files = await exportClip(aligned, 'text');
    const vision = files.find(({ path }) => path === clip.vision.file)!;
    expect(Buffer.from(vision.bytes).equals(await findFile(clip.tree, clip.vision.file)!.read())).toBe(true);
  });

  it('is written in both forms, and the folder loads and embeds as the aligned model does', async () => {
    const aligned = await realign(clip, captioned, { ...SETTINGS, steps: 5 }, executor);
    const tree = treeOf('aligned', await exportClip(aligned, 'text'));
    const loaded = await loadClip(tree);
    const text = async (model: ClipModel): Promise<number[]> => {
      const encoder = await createEncoder(model, executor);
      const [embedding] = await encoder.texts([WORDS[0]!]);
      await encoder.dispose();
      return [...embedding!];
    };
    expect(await text(loaded)).toEqual(await text(aligned));
    expect(await text(loaded)).not.toEqual(await text(clip));
    await expect(verifyCheckpoint(tree)).resolves.toBeDefined();
    const { tensors } = readSafetensors(await findFile(tree, 'model.safetensors')!.read(), 'model.safetensors');
    expect([...tensors.keys()].sort()).toEqual([...visionTensors(clip.config.vision).keys(), ...textTensors(clip.config).keys(), 'logit_scale'].sort());
    const half = loaded.text.graph.weights.get('text_projection.weight')!;
    expect(toNumbers(tensors.get('text_projection.weight')!).length).toBe(half.shape[0]! * half.shape[1]!);
    expect(await logitScale(loaded)).toBeCloseTo(await logitScale(clip), 4);
  });

  it.each([
    ['one picture', () => ({ embeddings: captioned.embeddings.slice(0, 1), captions: captioned.captions.slice(0, 2) }), /two pictures/],
    ['a picture without a caption', () => ({ ...captioned, captions: captioned.captions.slice(2) }), /Picture 1 has no caption/],
  ])('refuses %s', async (_, given, message) => {
    await expect(realign(clip, given(), SETTINGS, executor)).rejects.toThrow(message);
  });
});
