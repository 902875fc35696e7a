import { UserError } from '../ir/errors';
import type { OpAttributes } from '../ir/ops';
import { sizeOf, stridesOf } from '../ir/tensor';
import { broadcastShapes, broadcastStrides, walk } from './broadcast';
import type { PrimitiveRule } from './rule';

type MovementName = 'Reshape' | 'Transpose' | 'Expand' | 'Slice' | 'Concat' | 'Pad';

// dX = dY, reshaped back
const Reshape: PrimitiveRule<'Reshape'> = {
  infer: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape)) throw new UserError(`Reshape cannot turn [${x!.shape}] into [${shape}]`, '', 'Keep the number of elements');
    return { dtype: x!.dtype, shape };
  },
  reference: ([x]) => x!.data,
  vjp: ({ emit, inputs, cotangent }) => [emit.add('Reshape', [cotangent], { shape: emit.type(inputs[0]!).shape })],
  cases: [{ shapes: [[2, 3, 4]], attributes: { shape: [6, 4] } }],
};

// dX = dY under the inverse permutation
const Transpose: PrimitiveRule<'Transpose'> = {
  infer: ([x], { perm }) => {
    if ([...perm].sort((a, b) => a - b).some((axis, i) => axis !== i) || perm.length !== x!.shape.length) throw new UserError(`Transpose of [${x!.shape}] cannot use perm [${perm}]`, '', 'Name every axis once');
    return { dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]!) };
  },
  reference: ([x], { perm }, output) => {
    const strides = stridesOf(x!.shape);
    return gatherStrided(x!.data, output.shape, perm.map((axis) => strides[axis]!));
  },
  vjp: ({ emit, attributes: { perm }, cotangent }) => [emit.add('Transpose', [cotangent], { perm: perm.map((_, axis) => perm.indexOf(axis)) })],
  cases: [{ shapes: [[2, 3, 4]], attributes: { perm: [2, 0, 1] } }, { shapes: [[3, 5]], attributes: { perm: [1, 0] } }],
};

// dX = dY summed over the broadcast axes (the sweep does it)
const Expand: PrimitiveRule<'Expand'> = {
  infer: ([x], { shape }) => ({ dtype: x!.dtype, shape: broadcastShapes('Expand', [x!.shape, shape]) }),
  reference: ([x], _, output) => gatherStrided(x!.data, output.shape, broadcastStrides(x!.shape, output.shape)),
  vjp: ({ cotangent }) => [cotangent],
  cases: [{ shapes: [[3, 1]], attributes: { shape: [2, 3, 4] } }],
};

function sliceLength(start: number, end: number, step: number): number {
  return Math.max(0, Math.ceil((end - start) / step));
}

// dX = dY put back in its place, zeros elsewhere
const Slice: PrimitiveRule<'Slice'> = {
  infer: ([x], { starts, ends, steps }) => ({ dtype: x!.dtype, shape: x!.shape.map((_, axis) => sliceLength(starts[axis]!, ends[axis]!, steps[axis]!)) }),
  reference: ([x], { starts, steps }, output) => {
    const strides = stridesOf(x!.shape);
    const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    return gatherStrided(x!.data, output.shape, strides.map((stride, axis) => stride * steps[axis]!), offset);
  },
  vjp: ({ emit, inputs, attributes, cotangent }) => [unslice(emit, cotangent, emit.type(inputs[0]!).shape, attributes)],
  cases: [
    { shapes: [[4, 5]], attributes: { starts: [1, 0], ends: [3, 5], steps: [1, 1] } },
    { shapes: [[4, 5]], attributes: { starts: [0, 4], ends: [4, -1], steps: [1, -2] } },
    { shapes: [[7]], attributes: { starts: [1], ends: [7], steps: [3] } },
  ],
};

/** Spreads a slice's gradient: reverses axes of negative step, interleaves zeros for steps beyond 1, pads to the whole. */
function unslice(emit: Parameters<NonNullable<typeof Slice.vjp>>[0]['emit'], cotangent: string, whole: readonly number[], { starts, steps }: OpAttributes['Slice']): string {
  const shape = emit.type(cotangent).shape;
  let value = cotangent;
  if (steps.some((step) => step < 0)) {
    value = emit.add('Slice', [value], {
      starts: steps.map((step, axis) => (step < 0 ? shape[axis]! - 1 : 0)),
      ends: steps.map((step, axis) => (step < 0 ? -1 : shape[axis]!)),
      steps: steps.map((step) => (step < 0 ? -1 : 1)),
    });
  }
  const stretched = [...shape];
  steps.forEach((signed, axis) => {
    const step = Math.abs(signed);
    if (step === 1 || stretched[axis] === 0) return;
    const lead = stretched.slice(0, axis);
    const tail = stretched.slice(axis + 1);
    const apart = emit.add('Reshape', [value], { shape: [...lead, stretched[axis]!, 1, ...tail] });
    const pads = [...lead.map(() => 0), 0, 0, ...tail.map(() => 0), ...lead.map(() => 0), 0, step - 1, ...tail.map(() => 0)];
    stretched[axis]! *= step;
    value = emit.add('Reshape', [emit.add('Pad', [apart], { pads, value: 0 })], { shape: stretched });
  });
  const begins = starts.map((start, axis) => (steps[axis]! < 0 && shape[axis]! > 0 ? start + steps[axis]! * (shape[axis]! - 1) : start));
  // An interleaved axis may run past the end of the whole: its trailing zeros are cropped by a negative pad.
  return emit.add('Pad', [value], { pads: [...begins, ...whole.map((dim, axis) => dim - begins[axis]! - stretched[axis]!)], value: 0 });
}

// dX_i = the i-th part of dY
const Concat: PrimitiveRule<'Concat'> = {
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    for (const type of inputs) {
      if (type!.shape.length !== first.shape.length || type!.shape.some((dim, i) => i !== axis && dim !== first.shape[i])) {
        throw new UserError(`Concat cannot join ${inputs.map((t) => `[${t!.shape}]`).join(', ')} along axis ${axis}`, '', 'Make the other dimensions equal');
      }
    }
    return { dtype: first.dtype, shape: first.shape.map((dim, i) => (i === axis ? inputs.reduce((sum, type) => sum + type!.shape[axis]!, 0) : dim)) };
  },
  reference: (inputs, { axis }, output) => {
    const out = new Float64Array(sizeOf(output.shape));
    const strides = stridesOf(output.shape);
    let offset = 0;
    for (const input of inputs) {
      walk(input!.shape, strides, (position, i) => (out[position] = input!.data[i]!), offset);
      offset += input!.shape[axis]! * strides[axis]!;
    }
    return out;
  },
  vjp: ({ emit, inputs, attributes: { axis }, cotangent, wants }) => {
    const whole = emit.type(cotangent).shape;
    let offset = 0;
    return inputs.map((input, i) => {
      const start = offset;
      offset += emit.type(input).shape[axis]!;
      if (!wants(i)) return undefined;
      const at = (edge: number, other: (dim: number) => number): number[] => whole.map((dim, j) => (j === axis ? edge : other(dim)));
      return emit.add('Slice', [cotangent], { starts: at(start, () => 0), ends: at(offset, (dim) => dim), steps: whole.map(() => 1) });
    });
  },
  cases: [{ shapes: [[2, 3], [2, 1], [2, 2]], attributes: { axis: 1 } }, { shapes: [[2, 3]], attributes: { axis: 0 } }],
};

// dX = dY without the padding: the negated pads
const Pad: PrimitiveRule<'Pad'> = {
  infer: ([x], { pads }) => {
    const shape = x!.shape.map((dim, axis) => dim + pads[axis]! + pads[axis + x!.shape.length]!);
    if (shape.some((dim) => dim < 0)) throw new UserError(`Pad crops more of [${x!.shape}] than there is: [${pads}]`, '', 'Use smaller negative pads');
    return { dtype: x!.dtype, shape };
  },
  reference: ([x], { pads, value }, output) => {
    const out = new Float64Array(sizeOf(output.shape)).fill(value);
    const strides = stridesOf(output.shape);
    const rank = x!.shape.length;
    const kept = x!.shape.map((dim, axis) => Math.max(0, dim + Math.min(0, pads[axis]!) + Math.min(0, pads[axis + rank]!)));
    const from = stridesOf(x!.shape);
    const source = gatherStrided(x!.data, kept, from, pads.slice(0, rank).reduce((sum, pad, axis) => sum + Math.max(0, -pad) * from[axis]!, 0));
    walk(kept, strides, (position, i) => (out[position] = source[i]!), pads.slice(0, rank).reduce((sum, pad, axis) => sum + Math.max(0, pad) * strides[axis]!, 0));
    return out;
  },
  vjp: ({ emit, attributes: { pads }, cotangent }) => [emit.add('Pad', [cotangent], { pads: pads.map((pad) => 0 - pad), value: 0 })],
  cases: [
    { shapes: [[2, 3]], attributes: { pads: [1, 0, 0, 2], value: 1.5 } },
    { shapes: [[4, 5]], attributes: { pads: [-1, 2, 1, -3], value: 0 } },
  ],
};

export const MOVEMENT: { readonly [P in MovementName]: PrimitiveRule<P> } = { Reshape, Transpose, Expand, Slice, Concat, Pad };

function gatherStrided(data: Float64Array, shape: readonly number[], strides: readonly number[], offset = 0): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  walk(shape, strides, (position, i) => (out[i] = data[position]!), offset);
  return out;
}
