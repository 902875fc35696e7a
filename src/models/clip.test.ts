import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { readSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { toNumbers, type Tensor } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { embeddingGraph, loadClip, tokenGraph, visionParameters, withVision, type ClipModel } from './clip';

const FAMILIES = [['clip-tiny-legacy', 'openai'], ['clip-tiny-dynamo', 'metaclip'], ['siglip-tiny', 'siglip']] as const;

async function clipOf(model: string): Promise<ClipModel> {
  return loadClip(await openPath(shared(`models/${model}`)));
}

function goldens(path: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(readFileSync(path), path).tensors;
}

function difference(got: Tensor, want: Tensor): number {
  const [a, b] = [toNumbers(got), toNumbers(want)];
  expect(got.shape).toEqual(want.shape);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Float32 through three layers of width 64: sums of a few hundred terms. */
const TOLERANCE = 1e-5;

describe.skipIf(!hasShared).each(FAMILIES)('%s', (model, family) => {
  const { tensors: tokens } = readSafetensors(readFileSync(fileURLToPath(new URL('tokens.golden.safetensors', import.meta.url))), 'tokens.golden.safetensors');

  it('embeds pictures as PyTorch does', async () => {
    const clip = await clipOf(model);
    const golden = goldens(shared(`models/${model}/goldens/vision_model.safetensors`));
    const program = await createNodeOrt().compile({ graphs: { embed: embeddingGraph(clip, 2) }, weights: clip.weights });
    const { image_embeds: got } = await program.run('embed', { pixel_values: golden.get('in/pixel_values')! });
    expect(difference(got!, (golden.get('out/image_embeds') ?? golden.get('out/pooler_output'))!)).toBeLessThan(TOLERANCE);
  });

  it('gives every token through CLIP\'s own head', async () => {
    const clip = await clipOf(model);
    const pixels = goldens(shared(`diva-step/${family}.safetensors`)).get('pixel_values')!;
    const two: Tensor = { dtype: 'float32', shape: [2, 3, 32, 32], data: pixels.data.slice(0, 2 * 3 * 32 * 32) };
    const program = await createNodeOrt().compile({ graphs: { tokens: tokenGraph(clip, 2) }, weights: clip.weights });
    const got = await program.run('tokens', { pixel_values: two });
    expect(Object.keys(got)).toEqual(['class_token', 'patch_tokens']);
    for (const [name, tensor] of Object.entries(got)) expect(difference(tensor, tokens.get(`${model}/${name}`)!), name).toBeLessThan(TOLERANCE);
  });

  it('trains exactly the parameters that PyTorch trains', async () => {
    const clip = await clipOf(model);
    const trained = [...goldens(shared(`diva-step/${family}.safetensors`)).keys()].filter((key) => key.startsWith('init/') && !key.includes('visual_proj.'));
    expect(visionParameters(tokenGraph(clip, 1), clip).sort()).toEqual(trained.map((key) => key.slice(5)).sort());
  });

  it('takes other weights', async () => {
    const clip = await clipOf(model);
    const [name] = visionParameters(tokenGraph(clip, 1), clip);
    const { shape } = clip.vision.graph.weights.get(name!)!;
    const ones: Tensor = { dtype: 'float32', shape, data: new Float32Array(shape.reduce((size, dim) => size * dim, 1)).fill(1) };
    const changed = withVision(clip, { [name!]: ones });
    expect(await changed.weights(changed.vision.graph.weights.get(name!)!.ref)).toEqual(new Uint8Array(ones.data.buffer as ArrayBuffer));
    expect(clip.vision.graph.weights.get(name!)).not.toEqual(changed.vision.graph.weights.get(name!));
  });
});

describe.skipIf(!hasShared)('loadClip', () => {
  it('tells the families apart', async () => {
    const tree = await openPath(shared('models/clip-tiny-legacy'));
    expect((await loadClip(tree)).family).toBe('openai');
    expect((await loadClip({ ...tree, name: 'metaclip-b32-400m' })).family).toBe('metaclip');
    expect((await clipOf('siglip-tiny')).family).toBe('siglip');
  });

  it('finds a model some folders deep, and one without an onnx folder', async () => {
    const tree = await openPath(shared('models/clip-tiny-legacy'));
    const moved = (rename: (path: string) => string): Promise<ClipModel> => loadClip({ name: 'dropped', files: tree.files.map((file) => ({ ...file, path: rename(file.path), read: (start, end) => file.read(start, end) })) });
    expect((await moved((path) => `a/b/${path}`)).name).toBe('b');
    expect((await moved((path) => path.replace('onnx/', ''))).vision.file).toBe('vision_model.onnx');
  });

  it('takes the float16 files where there are no others', async () => {
    const tree = await openPath(shared('models/clip-tiny-dynamo'));
    const clip = await loadClip({ ...tree, files: tree.files.filter(({ path }) => path !== 'onnx/vision_model.onnx') });
    const golden = goldens(shared('models/clip-tiny-dynamo/goldens/vision_model_fp16.safetensors'));
    const program = await createNodeOrt().compile({ graphs: { embed: embeddingGraph(clip, 2) }, weights: clip.weights });
    const { image_embeds: got } = await program.run('embed', { pixel_values: golden.get('in/pixel_values')! });
    expect(clip.vision.file).toBe('onnx/vision_model_fp16.onnx');
    // The file's constants (1.702) are rounded to float16 too, those of the golden are not.
    expect(difference(got!, golden.get('out/image_embeds')!)).toBeLessThan(2 ** -11);
  });

  it.each([['siglip-tiny', 'last_hidden_state'], ['siglip-tiny', 'pooler_output'], ['clip-tiny-legacy', 'image_embeds']])('%s: names %s where the export lacks it', async (model, output) => {
    const clip = await clipOf(model);
    const outputs = clip.vision.graph.outputs.filter((name) => name !== output);
    expect(() => tokenGraph({ ...clip, vision: { ...clip.vision, graph: { ...clip.vision.graph, outputs } } }, 1)).toThrow(output);
  });

  it.each(['config.json', 'preprocessor_config.json', 'onnx/vision_model.onnx', 'onnx/text_model.onnx'])('names %s when it is missing', async (path) => {
    const tree = await openPath(shared('models/clip-tiny-legacy'));
    await expect(loadClip({ ...tree, files: tree.files.filter((file) => file.path !== path) })).rejects.toThrow(path);
  });
});
