import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import type { FileTree } from '../data/files';
import { readSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { tensorFrom, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { patchWeights } from '../onnx/patch';
import { hasShared, shared } from '../testing/shared';
import { embeddingGraph, loadClip, tokenGraph, visionParameters, withVision, type ClipModel } from './clip';
import { verifyCheckpoint } from './checkpoint';
import { exportClip, type ExportedFile } from './export';
import { visionTensors } from './parameters';

const MODELS = ['clip-tiny-legacy', 'clip-tiny-dynamo', 'siglip-tiny'] as const;

/** The model with every weight moved a little. */
async function tuned(model: string): Promise<ClipModel> {
  const clip = await loadClip(await openPath(shared(`models/${model}`)));
  const moved = visionParameters(tokenGraph(clip, 1), clip).map(async (name): Promise<[string, Tensor]> => {
    const { dtype, shape, ref } = clip.vision.graph.weights.get(name)!;
    const values = toNumbers(tensorFromBytes(dtype, shape, await clip.weights(ref)));
    return [name, tensorFrom('float32', shape, values.map((value, i) => value * (1 + 0.01 * Math.sin(i))))];
  });
  return withVision(clip, Object.fromEntries(await Promise.all(moved)));
}

function treeOf(files: readonly ExportedFile[]): FileTree {
  return { name: 'tuned', files: files.map(({ path, bytes }) => ({ path, size: bytes.length, read: async (start, end) => bytes.slice(start, end) as Uint8Array<ArrayBuffer> })) };
}

async function embed(clip: ClipModel): Promise<Tensor> {
  const program = await createNodeOrt().compile({ graphs: { embed: embeddingGraph(clip, 2) }, weights: clip.weights });
  const pixels = tensorFrom('float32', [2, 3, 32, 32], Array.from({ length: 6144 }, (_, i) => Math.sin(i * 0.37)));
  return (await program.run('embed', { pixel_values: pixels }))['image_embeds']!;
}

describe.skipIf(!hasShared).each(MODELS)('%s, tuned and exported', (model) => {
  it('loads again and embeds the same', async () => {
    const clip = await tuned(model);
    const again = await loadClip(treeOf(await exportClip(clip)));
    expect(await embed(again)).toEqual(await embed(clip));
    expect(await embed(again)).not.toEqual(await embed(await loadClip(await openPath(shared(`models/${model}`)))));
    expect(again.vision.graph.inputs).toEqual(clip.vision.graph.inputs);
    expect(again.vision.graph.nodes).toEqual(clip.vision.graph.nodes);
  });

  it('has the tensors that transformers expects, all of them and no other', async () => {
    const clip = await tuned(model);
    const files = await exportClip(clip);
    const { tensors, metadata } = readSafetensors(files.find(({ path }) => path === 'model.safetensors')!.bytes, 'model.safetensors');
    expect(new Map([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual(new Map([...visionTensors(clip.config.vision)].sort(([a], [b]) => (a < b ? -1 : 1))));
    expect(metadata.get('format')).toBe('pt');
    await expect(verifyCheckpoint(treeOf(files))).resolves.toMatchObject({ tensors: tensors.size });
  });
});

describe.skipIf(!hasShared)('names of folded weights', () => {
  it.each([
    ['clip-tiny-legacy', 'onnx::MatMul_425', 'vision_model.encoder.layers.0.self_attn.q_proj.weight'],
    ['clip-tiny-legacy', 'onnx::MatMul_463', 'vision_model.encoder.layers.2.mlp.fc2.weight'],
    ['clip-tiny-legacy', 'onnx::MatMul_464', 'visual_projection.weight'],
    ['clip-tiny-dynamo', 'val_23', 'vision_model.encoder.layers.0.self_attn.k_proj.weight'],
    ['siglip-tiny', 'onnx::MatMul_664', 'vision_model.head.mlp.fc1.weight'],
  ])('%s: %s is %s, transposed', async (model, initializer, name) => {
    const clip = await tuned(model);
    const files = await exportClip(clip);
    const got = readSafetensors(files.find(({ path }) => path === 'model.safetensors')!.bytes, 'model.safetensors').tensors.get(name)!;
    const { dtype, shape, ref } = clip.vision.graph.weights.get(initializer)!;
    const stored = tensorFromBytes(dtype, shape, await clip.weights(ref));
    const [rows, columns] = shape as [number, number];
    expect(got.shape).toEqual([columns, rows]);
    for (const [row, column] of [[0, 1], [3, 2], [rows - 1, columns - 1]] as const) expect(got.data[column * rows + row]).toBe(stored.data[row * columns + column]);
  });

  it('says which tensor a config implies that the export lacks', async () => {
    const clip = await tuned('clip-tiny-legacy');
    const config = { ...clip.config, vision: { ...clip.config.vision, layers: 4 } };
    await expect(exportClip({ ...clip, config })).rejects.toThrow(/vision_model\.encoder\.layers\.3/);
  });
});

describe.skipIf(!hasShared)('patchWeights', () => {
  it('moves weights that are too large for the model file beside it', async () => {
    const clip = await tuned('clip-tiny-legacy');
    const original = await clip.tree.files.find(({ path }) => path === clip.vision.file)!.read();
    const { model, data } = await patchWeights(original, clip.vision.graph.weights, { read: ({ ref }) => clip.weights(ref), dataFile: 'big.onnx_data', mostInline: 1000 });
    const whole = Buffer.concat(data);
    for (const [name, { ref, shape }] of decodeModel(model, 'big.onnx').graph.weights) {
      const want = await clip.weights(clip.vision.graph.weights.get(name)!.ref);
      expect(ref.kind, `${name} [${shape}]`).toBe(want.length < 1024 ? 'bytes' : 'file');
      expect(ref.kind === 'bytes' ? Buffer.from(ref.bytes) : whole.subarray(ref.offset, ref.offset + ref.length)).toEqual(Buffer.from(want));
    }
  });
});
