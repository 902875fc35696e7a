import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { readSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { UserError } from '../ir/errors';
import { toNumbers, zeros, type Tensor } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { loadClip, withVision } from './clip';
import { createEncoder } from './encoder';

const MODELS = [['clip-tiny-legacy', 'image_embeds', 'text_embeds'], ['clip-tiny-dynamo', 'image_embeds', 'text_embeds'], ['siglip-tiny', 'pooler_output', 'pooler_output']] as const;

function goldens(path: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(readFileSync(shared(path)), path).tensors;
}

function rows(tensor: Tensor): number[][] {
  const [count, width] = tensor.shape as [number, number];
  return Array.from({ length: count }, (_, i) => {
    const row = [...toNumbers(tensor).subarray(i * width, (i + 1) * width)];
    const norm = Math.hypot(...row);
    return row.map((value) => value / norm);
  });
}

function expectClose(got: readonly Float32Array[], want: number[][]): void {
  expect(got.length).toBe(want.length);
  got.forEach((vector, i) => vector.forEach((value, j) => expect(Math.abs(value - want[i]![j]!)).toBeLessThan(2e-6)));
}

const pixelsOf = (tensor: Tensor, i: number): Tensor => ({ dtype: 'float32', shape: [3, 32, 32], data: tensor.data.slice(i * 3072, (i + 1) * 3072) });

describe.skipIf(!hasShared).each(MODELS)('the encoder of %s', (model, imageOutput, textOutput) => {
  it('gives PyTorch\'s directions, however many pictures and texts there are', async () => {
    const encoder = await createEncoder(await loadClip(await openPath(shared(`models/${model}`))), createNodeOrt());
    const vision = goldens(`models/${model}/goldens/vision_model.safetensors`);
    const pixels = vision.get('in/pixel_values')!;
    const want = rows(vision.get(`out/${imageOutput}`)!);
    const many = Array.from({ length: 11 }, (_, i) => i % 2);
    expectClose(await encoder.images(many.map((i) => pixelsOf(pixels, i))), many.map((i) => want[i]!));
    const texts = model === 'siglip-tiny' ? ['a photo of The dog is facing left.', 'a photo of The butterfly\'s wings are closed.'] : ['a photo of The dog is facing left.', 'a photo of a .'];
    expectClose(await encoder.texts(texts), rows(goldens(`models/${model}/goldens/text_model.safetensors`).get(`out/${textOutput}`)!));
    expect(await encoder.images([])).toEqual([]);
    await encoder.dispose();
  });
});

describe.skipIf(!hasShared)('an encoder whose weights are zero', () => {
  it('says so instead of giving NaN', async () => {
    const clip = await loadClip(await openPath(shared('models/clip-tiny-dynamo')));
    const projection = clip.vision.graph.weights.get('visual_projection.weight')!;
    const encoder = await createEncoder(withVision(clip, { 'visual_projection.weight': zeros('float32', projection.shape) }), createNodeOrt());
    await expect(encoder.images([zeros('float32', [3, 32, 32])])).rejects.toThrow(UserError);
    await expect(encoder.images([zeros('float32', [3, 32, 32])])).rejects.toThrow(/vision_model\.onnx/);
    await encoder.dispose();
  });
});
