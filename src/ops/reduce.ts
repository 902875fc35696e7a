import type { OpAttributes, Reduction } from '../ir/ops';
import { sizeOf, stridesOf } from '../ir/tensor';
import { walk } from './broadcast';
import type { Case, Emit, PrimitiveRule, Vjp } from './rule';

type ReduceName = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

export function reducedShape(shape: readonly number[], { axes, keepdims }: Reduction): number[] {
  return shape.flatMap((dim, axis) => (!axes.includes(axis) ? [dim] : keepdims ? [1] : []));
}

/** Puts the reduced axes back with length 1, so that the value broadcasts against the operand. */
function restored(emit: Emit, value: string, operand: string, { axes }: Reduction): string {
  return emit.add('Reshape', [value], { shape: reducedShape(emit.type(operand).shape, { axes, keepdims: true }) });
}

function spread(emit: Emit, value: string, operand: string, attributes: Reduction): string {
  return emit.add('Expand', [restored(emit, value, operand, attributes)], { shape: emit.type(operand).shape });
}

function reduction<P extends ReduceName>(start: number, combine: (a: number, b: number) => number, vjp: Vjp<P>, mean = false): PrimitiveRule<P> {
  return {
    infer: ([x], attributes) => ({ dtype: x!.dtype, shape: reducedShape(x!.shape, attributes) }),
    reference: ([x], { axes }) => {
      const kept = stridesOf(reducedShape(x!.shape, { axes, keepdims: true })).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
      const out = new Float64Array(sizeOf(reducedShape(x!.shape, { axes, keepdims: true }))).fill(start);
      walk(x!.shape, kept, (position, i) => (out[position] = combine(out[position]!, x!.data[i]!)));
      return mean ? out.map((sum) => (sum * out.length) / x!.data.length) : out;
    },
    vjp,
    cases: [[[2, 3, 4], { axes: [1], keepdims: false }], [[2, 3, 4], { axes: [0, 2], keepdims: true }], [[5], { axes: [0], keepdims: false }]].map(
      ([shape, attributes]) => ({ shapes: [shape], attributes }) as unknown as Case<P>,
    ),
  };
}

/** The gradient is shared equally by all elements that reach the extremum, as torch's amax does. */
function extremum<P extends 'ReduceMax' | 'ReduceMin'>(): Vjp<P> {
  return ({ emit, inputs, output, attributes, cotangent }) => {
    const x = inputs[0]!;
    const dtype = emit.type(x).dtype;
    const hit = emit.add('Cast', [emit.add('Equal', [x, restored(emit, output, x, attributes)], {})], { to: dtype });
    const count = emit.add('ReduceSum', [hit], { axes: attributes.axes, keepdims: true });
    return [emit.add('Mul', [hit, emit.add('Div', [restored(emit, cotangent, x, attributes), count], {})], {})];
  };
}

export const REDUCE: { readonly [P in ReduceName]: PrimitiveRule<P> } = {
  // dX = dY, spread
  ReduceSum: reduction(0, (a, b) => a + b, ({ emit, inputs, attributes, cotangent }) => [spread(emit, cotangent, inputs[0]!, attributes)]),
  // dX = dY / n, spread
  ReduceMean: reduction(
    0,
    (a, b) => a + b,
    ({ emit, inputs, output, attributes, cotangent }) => {
      const count = sizeOf(emit.type(inputs[0]!).shape) / Math.max(1, sizeOf(emit.type(output).shape));
      return [spread(emit, emit.add('Mul', [cotangent, emit.constant(1 / count, emit.type(cotangent).dtype)], {}), inputs[0]!, attributes)];
    },
    true,
  ),
  ReduceMax: reduction(-Infinity, Math.max, extremum()),
  ReduceMin: reduction(Infinity, Math.min, extremum()),
  // dX_i = dY * product of the others: y / x_i; where the row has one zero, only its own place gets any
  ReduceProd: reduction(1, (a, b) => a * b, ({ emit, inputs, attributes, cotangent }) => {
    const x = inputs[0]!;
    const { dtype } = emit.type(x);
    const [zero, one] = [emit.constant(0, dtype), emit.constant(1, dtype)];
    const isZero = emit.add('Equal', [x, zero], {});
    const safe = emit.add('Where', [isZero, one, x], {});
    const along = { axes: attributes.axes, keepdims: true };
    const others = emit.add('Div', [emit.add('ReduceProd', [safe], along), safe], {});
    const zeros = emit.add('ReduceSum', [emit.add('Cast', [isZero], { to: dtype })], along);
    const counts = emit.add('Equal', [zeros, emit.add('Where', [isZero, one, zero], {})], {});
    return [emit.add('Where', [counts, emit.add('Mul', [others, restored(emit, cotangent, x, attributes)], {}), zero], {})];
  }),
};

export const ArgMax: PrimitiveRule<'ArgMax'> = {
  infer: ([x], { axis, keepdims }) => ({ dtype: 'int64', shape: reducedShape(x!.shape, { axes: [axis], keepdims }) }),
  reference: ([x], { axis, selectLastIndex }: OpAttributes['ArgMax']) => {
    const shape = reducedShape(x!.shape, { axes: [axis], keepdims: true });
    const best = new Float64Array(sizeOf(shape)).fill(-Infinity);
    const out = new Float64Array(best.length);
    const kept = stridesOf(shape).map((stride, i) => (i === axis ? 0 : stride));
    const stride = stridesOf(x!.shape)[axis]!;
    walk(x!.shape, kept, (position, i) => {
      const value = x!.data[i]!;
      if (value > best[position]! || (selectLastIndex && value === best[position])) {
        best[position] = value;
        out[position] = Math.floor(i / stride) % x!.shape[axis]!;
      }
    });
    return out;
  },
  vjp: null,
  cases: [{ shapes: [[2, 3, 4]], attributes: { axis: 1, keepdims: false, selectLastIndex: false } }],
};

export const TopK: PrimitiveRule<'TopK'> = {
  infer: ([x], { axis, k }) => ({ dtype: 'int64', shape: x!.shape.map((dim, i) => (i === axis ? k : dim)) }),
  reference: ([x], { axis, k, largest }, output) => {
    const out = new Float64Array(sizeOf(output.shape));
    const length = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const sign = largest ? -1 : 1;
    for (let row = 0; row < sizeOf(x!.shape) / Math.max(1, length); row++) {
      const at = (i: number, width: number): number => Math.floor(row / inner) * width * inner + i * inner + (row % inner);
      const order = Array.from({ length }, (_, i) => i).sort((a, b) => sign * (x!.data[at(a, length)]! - x!.data[at(b, length)]!) || a - b);
      for (let i = 0; i < k; i++) out[at(i, k)] = order[i]!;
    }
    return out;
  },
  vjp: null,
  cases: [
    { shapes: [[2, 5, 3]], attributes: { axis: 1, k: 3, largest: true } },
    { shapes: [[4, 7]], attributes: { axis: 1, k: 7, largest: false } },
  ],
};
