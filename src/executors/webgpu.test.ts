import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradient } from '../autodiff/gradient';
import type { Gpu } from '../gpu/device';
import { openNodeGpu } from '../gpu/node';
import type { Graph } from '../ir/graph';
import type { Convolution, OpName } from '../ir/ops';
import { sizeOf, tensorFrom, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { FUNCTION_RULES, PRIMITIVES, ruleOf } from '../ops/index';
import type { Case, ReferenceValue } from '../ops/rule';
import { inlineFunctions } from '../passes/inline';
import { randomNumbers } from '../testing/random';
import { nextOf, type Executor, type Program } from './executor';
import { evaluate } from './reference';
import { webgpuExecutor } from './webgpu';

const BOOLEAN_OPERANDS: Partial<Record<OpName, readonly number[]>> = { Where: [0], Not: [0], And: [0, 1], Or: [0, 1] };
const all = [...Object.keys(PRIMITIVES), ...Object.keys(FUNCTION_RULES)] as OpName[];

function single(op: OpName, { shapes, attributes, integers }: Case<OpName>): Graph {
  const builder = new GraphBuilder(op);
  const inputs = shapes.map((shape, i) => builder.input(`x${i}`, { dtype: BOOLEAN_OPERANDS[op]?.includes(i) ? 'bool' : integers?.[i] ? 'int64' : 'float32', shape }));
  return builder.build([builder.add(op, inputs, attributes as never, { output: 'y' })]);
}

function operands(graph: Graph, { integers, range = [-2, 2] }: Partial<Case<OpName>> = {}): Record<string, Tensor> {
  const next = randomNumbers(5);
  return Object.fromEntries(
    graph.inputs.map((name, i) => {
      const { dtype, shape } = graph.types.get(name)!;
      const values = integers?.[i] ?? Array.from({ length: sizeOf(shape) }, () => range[0] + (range[1] - range[0]) * next());
      return [name, tensorFrom(dtype, shape, dtype === 'bool' ? values.map((x) => Number(x > 0)) : values)];
    }),
  );
}

function reference(graph: Graph, inputs: Record<string, Tensor>): Map<string, ReferenceValue> {
  const inlined = inlineFunctions(graph);
  const values = Object.entries(inputs).map(([name, tensor]): [string, ReferenceValue] => [name, { dtype: tensor.dtype, shape: tensor.shape, data: toNumbers(tensor) }]);
  const constants = [...inlined.initializers].map(([name, ref]): [string, ReferenceValue] => {
    const type = inlined.types.get(name)!;
    if (ref.kind !== 'bytes') throw new Error('constants only');
    return [name, { ...type, data: toNumbers(tensorFromBytes(ref.dtype, type.shape, ref.bytes)) }];
  });
  return evaluate(inlined, new Map([...values, ...constants]));
}

/** Seeded convolutions with all their gradients: 1-D and 2-D, kernels of 1 to 7, strides, dilations, uneven pads, primes and single channels, groups, odd sizes. */
function convolutions(count: number): [string, Graph][] {
  const next = randomNumbers(11);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  return Array.from({ length: count }, () => {
    const axes = Array.from({ length: pick([1, 2, 2, 2]) }, () => pick([1, 2, 3, 3, 5, 7]));
    const group = pick([1, 1, 2, 3]);
    const [batch, channels, features] = [pick([1, 2, 3]), pick([1, 3, 4, 7, 17]), pick([1, 2, 5, 8, 11])];
    const dilations = axes.map(() => pick([1, 1, 2]));
    const pads = [...axes, ...axes].map((kernel) => pick([0, Math.floor(kernel / 2), kernel - 1]));
    const attributes: Convolution = { strides: axes.map(() => pick([1, 1, 2, 3])), pads, dilations, group };
    const size = axes.map((kernel, i) => (kernel - 1) * dilations[i]! + 1 + pick([0, 1, 4, 8]));
    const shapes = [[batch, channels * group, ...size], [features * group, channels, ...axes], [features * group]];
    const builder = new GraphBuilder('conv');
    const inputs = shapes.map((shape, i) => builder.input(`x${i}`, { dtype: 'float32', shape }));
    builder.add('Conv', inputs, attributes, { output: 'y' });
    return [`[${shapes[0]}] by [${shapes[1]}] ${JSON.stringify(attributes)}`, gradient(builder.build(['y']), ['x0', 'x1', 'x2'], ['y'])];
  });
}

const gpu: Gpu | undefined = await openNodeGpu();

afterAll(() => gpu?.close());

/** Operators whose kernels differ between adapters. Workgroups with barriers are slow on the software adapter that runs these tests. */
const VARIED = all.filter((op) => /^(MatMul|Conv|Reduce|Softmax|Normalize)/.test(op));

describe.skipIf(!gpu).each([['software', all, 16], ['hardware', VARIED, 2]] as const)('webgpu, kernels for %s adapters', (kind, ops, sweep) => {
  let executor: Executor;
  beforeAll(() => {
    executor = webgpuExecutor({ ...gpu!, kind, close: () => undefined });
  });
  afterAll(async () => executor.dispose());

  const compile = (graph: Graph): Promise<Program> => executor.compile({ graphs: { g: graph }, weights: (ref) => Promise.resolve(ref.kind === 'bytes' ? ref.bytes : new Uint8Array()) });

  async function check(graph: Graph, inputs: Record<string, Tensor>, tolerance = 1e-5): Promise<void> {
    const program = await compile(graph);
    const results = await program.run('g', inputs);
    const expected = reference(graph, inputs);
    for (const name of graph.outputs) {
      const want = expected.get(name)!.data;
      const got = toNumbers(results[name]!);
      const scale = want.reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 1);
      expect(got.length).toBe(want.length);
      want.forEach((x, i) => expect(Number.isFinite(x) ? Math.abs(got[i]! - x) / scale : Number(!Object.is(got[i], x)), `${name}[${i}] is ${got[i]}, not ${x}`).toBeLessThan(tolerance));
    }
    await program.dispose();
  }

  describe.each(ops)('%s', (op) => {
    it.each(ruleOf(op).cases.map((sample, i) => [i, sample as Case<OpName>] as const))('sample %i agrees with the definition', async (_, sample) => {
      const graph = single(op, sample);
      await check(graph, operands(graph, sample));
    });
  });

  it.each(convolutions(sweep))('convolves %s', async (_, graph) => check(graph, operands(graph)));

  it('fuses chains, folds views into operands, and ends products with the chain', async () => {
    const builder = new GraphBuilder('chain');
    const x = builder.input('x', { dtype: 'float32', shape: [3, 5] });
    const bias = builder.input('bias', { dtype: 'float32', shape: [3] });
    const product = builder.add('MatMul', [x, builder.add('Transpose', [x], { perm: [1, 0] })], {});
    const sum = builder.add('Add', [product, bias], {});
    await check(builder.build([builder.add('Mul', [builder.add('Tanh', [sum], {}), builder.constant(3)], {})]), operands(builder.build([sum])));
  });

  // A plan of products that are checked above for both: compiling its pipelines for hardware limits on a software adapter takes half a minute.
  it.runIf(kind === 'software')('makes attention\'s weights again, block for block', async () => {
    const builder = new GraphBuilder('attention');
    const inputs = [[2, 23, 6], [2, 6, 13], [2, 13, 5]].map((shape, i) => builder.input(`x${i}`, { dtype: 'float32', shape }));
    builder.add('Attention', inputs, { scale: 0.25, rows: 8 }, { output: 'y' });
    const graph = gradient(builder.build(['y']), ['x0', 'x1', 'x2'], ['y']);
    await check(graph, operands(graph));
  });

  it('keeps state between runs and reads all of it before writing', async () => {
    const builder = new GraphBuilder('swap');
    for (const name of ['a', 'b']) builder.input(name, { dtype: 'float32', shape: [2] });
    builder.add('Reshape', ['b'], { shape: [2] }, { output: nextOf('a') });
    builder.add('Add', ['a', builder.constant(1)], {}, { output: nextOf('b') });
    const state = { a: tensorFrom('float32', [2], [1, 2]), b: tensorFrom('float32', [2], [5, 6]) };
    const program = await executor.compile({ graphs: { swap: builder.build([nextOf('a'), nextOf('b')]) }, state, weights: () => Promise.resolve(new Uint8Array()) });
    await program.run('swap', {});
    await program.run('swap', {});
    const { a, b } = await program.readState();
    expect([...a!.data, ...b!.data]).toEqual([2, 3, 6, 7]);
    await program.dispose();
  });
});
