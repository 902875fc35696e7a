import { afterAll, describe, expect, it } from 'vitest';
import { plan } from '../compile/plan';
import { openNodeGpu } from '../gpu/node';
import { UserError } from '../ir/errors';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { embedded } from '../testing/conformance';
import { webgpuExecutor } from './webgpu';

/**
 * With LARGE_TENSORS set (some 30 s on two cores of SwiftShader), a tensor of exactly 128 MiB: WebGPU's smallest limit of a binding, and lavapipe's. Otherwise an eighth of
 * it, which already takes 65536 workgroups with one invocation an element.
 */
const WHOLE = process.env.LARGE_TENSORS !== undefined;
const [R, C] = [WHOLE ? 4096 : 512, 8192];

/** Whole numbers, so that sums are exact: a[i, j] = i mod 61 + (j mod 53 - 26). */
const a = (i: number, j: number): number => (i % 61) + (j % 53) - 26;
const at = (flat: number): number => a(Math.floor(flat / C), flat % C);
/** The stencil of ones over a, zero outside. */
const around = (i: number, j: number): number => {
  let sum = 0;
  for (let y = Math.max(0, i - 1); y <= Math.min(R - 1, i + 1); y++) for (let x = Math.max(0, j - 1); x <= Math.min(C - 1, j + 1); x++) sum += a(y, x);
  return sum;
};

interface Large {
  /** From a [R, C] in a buffer of its own to the result [rows, columns]. */
  build(builder: GraphBuilder, a: string): string;
  readonly rows: number;
  readonly columns: number;
  readonly value: (i: number, j: number) => number;
  /** The dispatch that is meant needs more than the 65535 workgroups that a dimension has. */
  readonly beyond: boolean;
}

/** How many rows there are whose number leaves a residue modulo 61. */
const rowsOf = (residue: number): number => Math.ceil((R - residue) / 61);

const scattered = Float64Array.from({ length: R }, (_, i) => (i * 5 + 3) % R);

const CASES: Readonly<Record<string, Large>> = {
  elementwise: { build: (to, x) => to.add('Abs', [to.add('Sub', [x, to.constant(7)], {})], {}), rows: R, columns: C, value: (i, j) => Math.abs(a(i, j) - 7), beyond: true },
  reduction: {
    build: (to, x) => to.add('Reshape', [to.add('ReduceSum', [to.add('Reshape', [x], { shape: [R * C / 8, 8] })], { axes: [1], keepdims: false })], { shape: [R / 2, C / 4] }),
    rows: R / 2, columns: C / 4, value: (i, j) => [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, k) => sum + at((i * C / 4 + j) * 8 + k), 0), beyond: WHOLE,
  },
  gather: { build: (to, x) => to.add('Gather', [x, to.constant(tensorFrom('int64', [R], scattered))], { axis: 0 }), rows: R, columns: C, value: (i, j) => a((i * 5 + 3) % R, j), beyond: true },
  transpose: {
    build: (to, x) => to.add('Reshape', [to.add('Reshape', [to.add('Transpose', [x], { perm: [1, 0] })], { shape: [R * C] })], { shape: [C, R] }),
    rows: C, columns: R, value: (i, j) => a(j, i), beyond: true,
  },
  concat: {
    build: (to, x) => to.add('Concat', [0, 1].map((half) => to.add('Slice', [x], { starts: [(1 - half) * R / 2, 0], ends: [(2 - half) * R / 2, C], steps: [1, 1] })), { axis: 0 }),
    rows: R, columns: C, value: (i, j) => a((i + R / 2) % R, j), beyond: true,
  },
  'matmul, tall': {
    build: (to, x) => to.add('Reshape', [to.add('MatMul', [to.add('Reshape', [x], { shape: [R * C, 1] }), to.constant(tensorFrom('float32', [1, 1], [3]))], {})], { shape: [R, C] }),
    rows: R, columns: C, value: (i, j) => 3 * a(i, j), beyond: WHOLE,
  },
  'matmul, long': {
    // Picks the rows whose i mod 61 is 0, and those where it is 30.
    build: (to, x) => to.add('MatMul', [to.add('Transpose', [x], { perm: [1, 0] }), to.constant(tensorFrom('float32', [R, 2], Float64Array.from({ length: R * 2 }, (_, i) => Number((i >> 1) % 61 === (i % 2) * 30))))], {}),
    rows: C, columns: 2, value: (i, j) => rowsOf(30 * j) * a(30 * j, i), beyond: false,
  },
  convolution: {
    build: (to, x) => to.add('Reshape', [to.add('Conv', [to.add('Reshape', [x], { shape: [1, 1, R, C] }), to.constant(tensorFrom('float32', [1, 1, 3, 3], new Float64Array(9).fill(1)))], { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 })], { shape: [R, C] }),
    rows: R, columns: C, value: around, beyond: WHOLE,
  },
};

/** What is compared of a result: the sums of its rows and of its columns. */
function sums({ rows, columns, value }: Large): { readonly rows: Float64Array; readonly columns: Float64Array } {
  const made = { rows: new Float64Array(rows), columns: new Float64Array(columns) };
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const x = value(i, j);
      made.rows[i]! += x;
      made.columns[j]! += x;
    }
  }
  return made;
}

const gpu = await openNodeGpu();

describe.skipIf(!gpu)(`webgpu over bindings of ${R * C / 2 ** 18} MiB and more than 65535 workgroups`, () => {
  const executor = gpu && webgpuExecutor(gpu);
  afterAll(() => executor?.dispose());

  const fed: Record<string, Tensor> = { column: tensorFrom('float32', [R, 1], Float64Array.from({ length: R }, (_, i) => i % 61)), row: tensorFrom('float32', [1, C], Float64Array.from({ length: C }, (_, j) => (j % 53) - 26)) };

  it.each(Object.entries(CASES))('%s', { timeout: 120_000 }, async (name, large) => {
    const builder = new GraphBuilder(name);
    for (const [input, { dtype, shape }] of Object.entries(fed)) builder.input(input, { dtype, shape });
    const whole = builder.add('Add', ['column', 'row'], {});
    // A second reader keeps it from being computed inside the first.
    const peak = builder.add('ReduceMax', [whole], { axes: [0], keepdims: false }, { output: 'peak' });
    const result = large.build(builder, whole);
    for (const [axis, output] of [[1, 'rows'], [0, 'columns']] as const) builder.add('ReduceSum', [result], { axes: [axis], keepdims: false }, { output });
    const graph = builder.build([peak, 'rows', 'columns']);
    const { dispatches } = plan(graph, new Set(), { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 8, f16: false, software: gpu!.kind === 'software' });
    expect(dispatches.filter(({ kernel: { workgroups } }) => workgroups[1] > 1).length).toBeGreaterThan(large.beyond ? 1 : 0);
    const program = await executor!.compile({ graphs: { large: graph }, weights: embedded });
    const got = await program.run('large', fed);
    await program.dispose();
    const want = sums(large);
    expect(toNumbers(got['rows']!)).toEqual(want.rows);
    expect(toNumbers(got['columns']!)).toEqual(want.columns);
  });

  it('takes an input and gives an output of that size', { timeout: 120_000 }, async () => {
    const builder = new GraphBuilder('through');
    builder.input('x', { dtype: 'float32', shape: [R * C] });
    const program = await executor!.compile({ graphs: { through: builder.build([builder.add('Neg', ['x'], {}, { output: 'y' })]) }, weights: embedded });
    const x = Float32Array.from({ length: R * C }, (_, i) => at(i));
    const { y } = await program.run('through', { x: { dtype: 'float32', shape: [R * C], data: x } });
    await program.dispose();
    expect((y!.data as Float32Array).every((value, i) => value === -x[i]!)).toBe(true);
  });

  it('refuses in words what one binding does not hold', async () => {
    const builder = new GraphBuilder('too large');
    const elements = gpu!.device.limits.maxStorageBufferBindingSize / 4 + 64;
    builder.input('x', { dtype: 'float32', shape: [1] });
    const graph = builder.build([builder.add('Concat', [builder.add('Expand', ['x'], { shape: [elements - 1] }), 'x'], { axis: 0 })]);
    await expect(executor!.compile({ graphs: { graph }, weights: embedded })).rejects.toThrow(UserError);
  });
});
