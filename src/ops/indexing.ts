import type { ScatterReduction } from '../ir/ops';
import { sizeOf, stridesOf, tensorFrom, type TensorType } from '../ir/tensor';
import { UserError } from '../ir/errors';
import { walk } from './broadcast';
import type { Emit, PrimitiveRule } from './rule';

type IndexingName = 'Gather' | 'GatherElements' | 'GatherND' | 'ScatterElements' | 'ScatterND';

function zerosLike(emit: Emit, value: string): string {
  const { dtype, shape } = emit.type(value);
  return emit.add('Expand', [emit.constant(0, dtype)], { shape });
}

/** An index as a position: negative ones count from the end. */
function position(index: number, length: number, op: string): number {
  const at = index < 0 ? index + length : index;
  if (!(at >= 0 && at < length)) throw new UserError(`${op}: the index ${index} is outside a dimension of ${length}`, '', 'Check the indices that are fed in');
  return at;
}

const combine: { readonly [R in ScatterReduction]: (old: number, update: number) => number } = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

// dX = zeros with dY added at the gathered rows
const Gather: PrimitiveRule<'Gather'> = {
  infer: ([x, indices], { axis }) => ({ dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)] }),
  reference: ([x, indices], { axis }, output) => {
    const length = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const outer = sizeOf(x!.shape.slice(0, axis));
    const out = new Float64Array(sizeOf(output.shape));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices!.data) {
        const from = (o * length + position(index, length, 'Gather')) * inner;
        out.set(x!.data.subarray(from, from + inner), at);
        at += inner;
      }
    }
    return out;
  },
  vjp: ({ emit, inputs, attributes: { axis }, cotangent }) => {
    const [x, indices] = inputs as [string, string];
    const { shape } = emit.type(x);
    const count = sizeOf(emit.type(indices).shape);
    const rows = [...shape.slice(0, axis), count, ...shape.slice(axis + 1)];
    const updates = emit.add('Reshape', [cotangent], { shape: rows });
    const column = emit.add('Reshape', [indices], { shape: shape.map((_, i) => (i === axis ? count : 1)) });
    return [emit.add('ScatterElements', [zerosLike(emit, x), emit.add('Expand', [column], { shape: rows }), updates], { axis, reduction: 'add' })];
  },
  cases: [
    { shapes: [[4, 3], [2, 2]], attributes: { axis: 0 }, integers: { 1: [3, 0, -1, 3] } },
    { shapes: [[2, 3, 2], [4]], attributes: { axis: 1 }, integers: { 1: [2, 2, 0, 1] } },
    { shapes: [[3, 4], []], attributes: { axis: 1 }, integers: { 1: [2] } },
  ],
};

/** Calls visit(element of x, element of indices) for GatherElements and ScatterElements. */
function elements(shape: readonly number[], indices: { readonly shape: readonly number[]; readonly data: Float64Array }, axis: number, op: string, visit: (at: number, i: number) => void): void {
  const strides = stridesOf(shape);
  const others = strides.map((stride, i) => (i === axis ? 0 : stride));
  walk(indices.shape, others, (at, i) => visit(at + position(indices.data[i]!, shape[axis]!, op) * strides[axis]!, i));
}

// dX = zeros with dY added at the gathered elements
const GatherElements: PrimitiveRule<'GatherElements'> = {
  infer: ([x, indices]) => ({ dtype: x!.dtype, shape: indices!.shape }),
  reference: ([x, indices], { axis }) => {
    const out = new Float64Array(indices!.data.length);
    elements(x!.shape, indices!, axis, 'GatherElements', (at, i) => (out[i] = x!.data[at]!));
    return out;
  },
  vjp: ({ emit, inputs, attributes: { axis }, cotangent }) => [emit.add('ScatterElements', [zerosLike(emit, inputs[0]!), inputs[1]!, cotangent], { axis, reduction: 'add' })],
  cases: [{ shapes: [[3, 3], [2, 3]], attributes: { axis: 0 }, integers: { 1: [0, 2, -1, 2, 0, 2] } }],
};

/** Calls visit(start in x, start in the slices, length) for each index vector of GatherND and ScatterND. */
function vectors(x: TensorType, indices: TensorType & { readonly data: Float64Array }, batchDims: number, op: string, visit: (at: number, slice: number, length: number) => void): void {
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(x.shape);
  const length = sizeOf(x.shape.slice(batchDims + depth));
  const count = sizeOf(indices.shape.slice(0, -1));
  const perBatch = count / Math.max(1, sizeOf(x.shape.slice(0, batchDims)));
  const batchSize = sizeOf(x.shape.slice(batchDims));
  for (let i = 0; i < count; i++) {
    let at = Math.floor(i / perBatch) * batchSize;
    for (let d = 0; d < depth; d++) at += position(indices.data[i * depth + d]!, x.shape[batchDims + d]!, op) * strides[batchDims + d]!;
    visit(at, i * length, length);
  }
}

// dX = zeros with dY added at the gathered slices; batch dimensions become explicit index components
const GatherND: PrimitiveRule<'GatherND'> = {
  infer: ([x, indices], { batchDims }) => ({ dtype: x!.dtype, shape: [...indices!.shape.slice(0, -1), ...x!.shape.slice(batchDims + indices!.shape.at(-1)!)] }),
  reference: ([x, indices], { batchDims }, output) => {
    const out = new Float64Array(sizeOf(output.shape));
    vectors(x!, indices!, batchDims, 'GatherND', (at, slice, length) => out.set(x!.data.subarray(at, at + length), slice));
    return out;
  },
  vjp: ({ emit, inputs, attributes: { batchDims }, cotangent }) => {
    const [x, indices] = inputs as [string, string];
    const { shape, dtype } = emit.type(indices);
    const lead = shape.slice(0, -1);
    const counters = Array.from({ length: batchDims }, (_, axis) => {
      const counter = tensorFrom(dtype, lead.map((dim, i) => (i === axis ? dim : 1)).concat(1), Array.from({ length: lead[axis]! }, (__, i) => i));
      return emit.add('Expand', [emit.constant(counter)], { shape: [...lead, 1] });
    });
    const full = counters.length ? emit.add('Concat', [...counters, indices], { axis: lead.length }) : indices;
    return [emit.add('ScatterND', [zerosLike(emit, x), full, cotangent], { reduction: 'add' })];
  },
  cases: [
    { shapes: [[3, 4], [2, 2]], attributes: { batchDims: 0 }, integers: { 1: [0, 1, 2, -1] } },
    { shapes: [[2, 3, 2], [2, 1]], attributes: { batchDims: 1 }, integers: { 1: [1, 0] } },
  ],
};

/** What the gradient of a scatter needs of the operator: itself with another reduction, and the gather at its indices. */
interface Scatter {
  readonly x: string;
  readonly updates: string;
  readonly output: string;
  readonly cotangent: string;
  scatter(into: string, updates: string, reduction: ScatterReduction): string;
  gather(from: string): string;
}

/**
 * Gradients towards x and the updates u of y = x with u put or combined at places.
 * none: dx = dy, 0 at the places;  du = dy there.   add: dx = dy;  du = dy there.
 * mul: dx = dy * product of the u;  du = dy y / u there (u not 0).
 * max, min: dy shared equally by those of x and u that are y, as torch does.
 */
function scatterGradients(emit: Emit, reduction: ScatterReduction, { x, updates, output, cotangent, scatter, gather }: Scatter): readonly [string, undefined, string] {
  const none = {};
  const filled = (value: number, like: string): string => emit.add('Expand', [emit.constant(value, emit.type(like).dtype)], { shape: emit.type(like).shape });
  if (reduction === 'add') return [cotangent, undefined, gather(cotangent)];
  if (reduction === 'none') return [scatter(cotangent, filled(0, updates), 'none'), undefined, gather(cotangent)];
  if (reduction === 'mul') {
    const factors = scatter(filled(1, x), updates, 'mul');
    return [emit.add('Mul', [cotangent, factors], none), undefined, emit.add('Div', [gather(emit.add('Mul', [cotangent, output], none)), updates], none)];
  }
  const hit = (value: string, result: string): string => emit.add('Cast', [emit.add('Equal', [value, result], none)], { to: emit.type(value).dtype });
  const [hitX, hitU] = [hit(x, output), hit(updates, gather(output))];
  const share = emit.add('Div', [cotangent, emit.add('Max', [scatter(hitX, hitU, 'add'), emit.constant(1, emit.type(x).dtype)], none)], none);
  return [emit.add('Mul', [hitX, share], none), undefined, emit.add('Mul', [hitU, gather(share)], none)];
}

const ALL_REDUCTIONS: readonly ScatterReduction[] = ['none', 'add', 'mul', 'max', 'min'];

const ScatterElements: PrimitiveRule<'ScatterElements'> = {
  infer: ([x]) => x!,
  reference: ([x, indices, updates], { axis, reduction }) => {
    const out = x!.data.slice();
    elements(x!.shape, indices!, axis, 'ScatterElements', (at, i) => (out[at] = combine[reduction](out[at]!, updates!.data[i]!)));
    return out;
  },
  vjp: ({ emit, inputs, output, attributes: { axis, reduction }, cotangent }) => {
    const [x, indices, updates] = inputs as [string, string, string];
    return scatterGradients(emit, reduction, {
      x, updates, output, cotangent,
      scatter: (into, values, by) => emit.add('ScatterElements', [into, indices, values], { axis, reduction: by }),
      gather: (from) => emit.add('GatherElements', [from, indices], { axis }),
    });
  },
  // Repeated indices have no order, so that "none" names every place once.
  cases: ALL_REDUCTIONS.map((reduction) => ({ shapes: [[3, 3], [2, 3], [2, 3]], attributes: { axis: 0, reduction }, integers: { 1: reduction === 'none' ? [1, 0, 2, 0, 2, -2] : [1, 0, 2, 1, 2, -1] } })),
};

const ScatterND: PrimitiveRule<'ScatterND'> = {
  infer: ([x]) => x!,
  reference: ([x, indices, updates], { reduction }) => {
    const out = x!.data.slice();
    vectors(x!, indices!, 0, 'ScatterND', (at, slice, length) => {
      for (let i = 0; i < length; i++) out[at + i] = combine[reduction](out[at + i]!, updates!.data[slice + i]!);
    });
    return out;
  },
  vjp: ({ emit, inputs, output, attributes: { reduction }, cotangent }) => {
    const [x, indices, updates] = inputs as [string, string, string];
    return scatterGradients(emit, reduction, {
      x, updates, output, cotangent,
      scatter: (into, values, by) => emit.add('ScatterND', [into, indices, values], { reduction: by }),
      gather: (from) => emit.add('GatherND', [from, indices], { batchDims: 0 }),
    });
  },
  cases: ALL_REDUCTIONS.map((reduction) => ({ shapes: [[4, 2], [3, 1], [3, 2]], attributes: { reduction }, integers: { 1: reduction === 'none' ? [1, 3, 0] : [1, 3, 1] } })),
};

export const INDEXING: { readonly [P in IndexingName]: PrimitiveRule<P> } = { Gather, GatherElements, GatherND, ScatterElements, ScatterND };
