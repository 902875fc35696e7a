import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { readSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { encodeLatents, loadDiffusion, textContext, unetGraph, type DiffusionModel } from './diffusion';
import type { FileTree } from '../data/files';

/** Float32 through some twenty layers of width 64. */
const TOLERANCE = 1e-5;

function goldens(path: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(readFileSync(shared(path)), path).tensors;
}

function difference(got: Tensor, want: Tensor): number {
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [toNumbers(got), toNumbers(want)];
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** sd-tiny with some of its files replaced by those of other folders. */
async function variant(replace: Readonly<Record<string, string>>): Promise<DiffusionModel> {
  const tree = await openPath(shared('models'));
  const files = Object.entries(replace).map(([to, from]) => ({ ...tree.files.find(({ path }) => path === from)!, path: to }));
  const rest = tree.files.filter(({ path }) => path.startsWith('sd-tiny/')).map((file) => ({ ...file, path: file.path.slice('sd-tiny/'.length) })).filter(({ path }) => !(path in replace));
  const moved: FileTree = { name: 'sd-tiny', files: [...rest, ...files] };
  return loadDiffusion(moved);
}

async function predict(model: DiffusionModel, golden: ReadonlyMap<string, Tensor>): Promise<Tensor> {
  const [sample, timestep, context] = ['sample', 'timestep', 'encoder_hidden_states'].map((name) => golden.get(`in/${name}`)!);
  const program = await createNodeOrt().compile({ graphs: { unet: unetGraph(model, sample!.shape[0]!, context!.shape[1]!) }, weights: model.unetWeights });
  return (await program.run('unet', { sample: sample!, timestep: timestep!, encoder_hidden_states: context! }))['out_sample']!;
}

describe.skipIf(!hasShared)('sd-tiny', () => {
  it('states its sizes', async () => {
    const model = await variant({});
    expect(model).toMatchObject({ name: 'sd-tiny', contextWidth: 64, contextLength: 77, latentChannels: 4, imageSize: 64, latentSize: 8, scalingFactor: 0.18215 });
  });

  it('encodes pictures to the mean of their latents', async () => {
    const model = await variant({});
    const golden = goldens('diva-step/openai.safetensors');
    const images = golden.get('images')!;
    const planes = new Float32Array(images.data.length);
    for (let i = 0; i < planes.length; i++) {
      const [picture, row] = [Math.floor(i / 12288), i % 12288];
      planes[picture * 12288 + (row % 3) * 4096 + Math.floor(row / 3)] = Number(images.data[i]) / 127.5 - 1;
    }
    const encoder = await encodeLatents(model, createNodeOrt(), 12);
    expect(difference(await encoder.run({ dtype: 'float32', shape: [12, 3, 64, 64], data: planes }), golden.get('latents')!)).toBeLessThan(TOLERANCE);
    await encoder.dispose();
  });

  it('leaves out the draw of an encoder that samples inside', async () => {
    const model = await variant({ 'vae_encoder/model.onnx': 'sd-tiny-variants/vae_encoder-sampling/model.onnx' });
    const golden = goldens('models/sd-tiny-variants/goldens/vae_encoder-sampling.safetensors');
    const sample = golden.get('in/sample')!;
    const encoder = await encodeLatents(model, createNodeOrt(), sample.shape[0]!);
    const mean = golden.get('want/mean')!;
    expect(difference(await encoder.run(sample), tensorFrom('float32', mean.shape, toNumbers(mean).map((value) => value * 0.18215)))).toBeLessThan(TOLERANCE);
  });

  it('gives the context of a text', async () => {
    const model = await variant({});
    const golden = goldens('diva-step/metaclip.safetensors');
    expect(model.tokenizer.encode('a photo of a .')).toEqual([...toNumbers(golden.get('text_ids')!)]);
    expect(difference(await textContext(model, createNodeOrt(), 'a photo of a .'), golden.get('text_context')!)).toBeLessThan(TOLERANCE);
  });

  it.each(['unet', 'unet_all_weights', 'unet_timestep1'])('predicts the noise of %s', async (name) => {
    const model = await variant(name === 'unet_timestep1' ? { 'unet/model.onnx': 'sd-tiny/unet/model_timestep1.onnx' } : {});
    const golden = goldens(`models/sd-tiny/goldens/${name}.safetensors`);
    const timestep = golden.get('in/timestep')!;
    const batch = golden.get('in/sample')!.shape[0]!;
    const each = tensorFrom('int64', [batch], Array.from({ length: batch }, (_, i) => toNumbers(timestep)[i % timestep.data.length]!));
    expect(difference(await predict(model, new Map([...golden, ['in/timestep', each]])), golden.get('out/out_sample')!)).toBeLessThan(TOLERANCE);
  });

  it('gives each sample its own timestep where the export takes one for all', async () => {
    const golden = goldens('models/sd-tiny/goldens/unet_all_weights.safetensors');
    const model = await variant({ 'unet/model.onnx': 'sd-tiny/unet/model_timestep1.onnx' });
    expect(difference(await predict(model, golden), golden.get('out/out_sample')!)).toBeLessThan(TOLERANCE);
  });

  it('takes the samples one by one where the timestep is a scalar', async () => {
    const golden = goldens('models/sd-tiny/goldens/unet_all_weights.safetensors');
    const model = await variant({});
    const { graph } = model.unet;
    const inputs = graph.inputs.map((input) => (input.name === 'timestep' ? { ...input, shape: [] } : input));
    const lift = { name: 'lift', op: 'Unsqueeze', domain: '', inputs: ['timestep', 'axis zero'], outputs: ['timestep [1]'], attributes: new Map() };
    const zero = { dtype: 'int64' as const, shape: [1], ref: { kind: 'bytes' as const, dtype: 'int64' as const, bytes: new Uint8Array(8) } };
    const nodes = [lift, ...graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === 'timestep' ? 'timestep [1]' : name)) }))];
    const scalar = { ...model, unet: { ...model.unet, graph: { ...graph, inputs, nodes, weights: new Map([...graph.weights, ['axis zero', zero]]) } } };
    expect(difference(await predict(scalar, golden), golden.get('out/out_sample')!)).toBeLessThan(TOLERANCE);
  });

  it.each([['unet-dynamo', TOLERANCE], ['unet-fp16', 2e-3], ['unet-external', TOLERANCE], ['unet-weights-pb', TOLERANCE]] as const)('predicts the noise of %s', async (name, tolerance) => {
    const folder = `sd-tiny-variants/${name}`;
    const tree = await openPath(shared(`models/${folder}`));
    const model = await variant(Object.fromEntries(tree.files.map(({ path }) => [`unet/${path}`, `${folder}/${path}`])));
    const golden = goldens(`models/sd-tiny-variants/goldens/${name}.safetensors`);
    expect(difference(await predict(model, golden), golden.get('out/out_sample')!)).toBeLessThan(tolerance);
  });

  it.each(['unet/model.onnx', 'vae_encoder/model.onnx', 'text_encoder/model.onnx', 'scheduler/scheduler_config.json'])('names %s when it is missing', async (path) => {
    const tree = await openPath(shared('models/sd-tiny'));
    await expect(loadDiffusion({ ...tree, files: tree.files.filter((file) => file.path !== path) })).rejects.toThrow(path);
  });
});
