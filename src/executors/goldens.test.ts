import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { gradient } from '../autodiff/gradient';
import { readSafetensors } from '../data/safetensors';
import { openNodeGpu } from '../gpu/node';
import type { Graph, WeightRef } from '../ir/graph';
import { cast, isFloat, toNumbers, type Tensor } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import type { Executor } from './executor';
import { createNodeOrt } from './ort-node';
import { ReferenceExecutor } from './reference';
import { webgpuExecutor } from './webgpu';

interface Entry { model: string; golden: string; float16: boolean; kind?: string }

const entries: Entry[] = hasShared ? (JSON.parse(readFileSync(shared('models/index.json'), 'utf8')) as Entry[]).filter(({ kind }) => !kind) : [];

function reader(model: string): (ref: WeightRef) => Promise<Uint8Array> {
  return async (ref) => (ref.kind === 'bytes' ? ref.bytes : readFileSync(shared(`models/${model.replace(/[^/]*$/, ref.location)}`)).subarray(ref.offset, ref.offset + ref.length));
}

/** Goldens hold float32 where a graph takes float16. */
function fit(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, cast(tensor, graph.types.get(name)!.dtype)]));
}

function largest(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

function difference(got: Tensor, want: Tensor): number {
  const [a, b] = [toNumbers(got), toNumbers(want)];
  expect(a.length).toBe(b.length);
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
}

const gpu = hasShared ? await openNodeGpu() : undefined;
const executors: readonly (readonly [string, Executor])[] = [['reference', new ReferenceExecutor()], ['ort', createNodeOrt()], ...(gpu ? [['webgpu', webgpuExecutor(gpu)] as const] : [])];

afterAll(() => gpu?.close());

describe.skipIf(!hasShared).each(executors)('%s: exported models against PyTorch (shared/fixtures/models)', (_, executor) => {
  it.each(entries)('$golden: outputs and gradients', async ({ model, golden, float16 }) => {
    const { tensors } = readSafetensors(readFileSync(shared(`models/${golden}`)), golden);
    const inputs = Object.fromEntries([...tensors].filter(([key]) => key.startsWith('in/')).map(([key, tensor]) => [key.slice(3), tensor]));
    const graph = specialise(decodeModel(readFileSync(shared(`models/${model}`)), model), { shapes: Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])) });
    const grads = [...tensors.keys()].filter((key) => key.startsWith('grad/'));
    const differentiated = gradient(graph, grads.map((key) => key.slice(5)), graph.outputs.filter((output) => isFloat(graph.types.get(output)!.dtype)));
    const program = await executor.compile({ graphs: { differentiated }, weights: reader(model) });
    const cotangents = Object.fromEntries([...tensors].filter(([key]) => key.startsWith('ct/')));
    const results = await program.run('differentiated', fit(differentiated, { ...inputs, ...cotangents }));
    const tolerance = float16 ? 2e-2 : 1e-4;
    const most = Math.max(...grads.map((key) => largest(toNumbers(tensors.get(key)!))));
    const floor = 1e-4 * most;
    for (const [key, want] of tensors) {
      if (key.startsWith('out/') && isFloat(want.dtype)) expect(difference(results[key.slice(4)]!, want) / largest(toNumbers(want)), key).toBeLessThan(tolerance);
      if (key.startsWith('grad/')) expect(difference(results[key]!, want) / Math.max(floor, largest(toNumbers(want))), key).toBeLessThan(tolerance);
    }
    await program.dispose();
  }, 180_000);
});
