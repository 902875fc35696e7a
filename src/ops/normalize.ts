import { sizeOf } from '../ir/tensor';
import type { Emit, FunctionRule, PrimitiveRule } from './rule';

const none = {};

// y_i = exp(x_i - max) / sum exp(x - max);  dX = SoftmaxGrad(dY, Y)
export const Softmax: PrimitiveRule<'Softmax'> = {
  infer: ([x]) => x!,
  reference: ([x], { axis }) => {
    const length = x!.shape[axis]!;
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const out = new Float64Array(x!.data.length);
    for (let row = 0; row < out.length / length; row++) {
      const start = Math.floor(row / inner) * length * inner + (row % inner);
      let max = -Infinity;
      for (let i = 0; i < length; i++) max = Math.max(max, x!.data[start + i * inner]!);
      let sum = 0;
      for (let i = 0; i < length; i++) sum += out[start + i * inner] = Math.exp(x!.data[start + i * inner]! - max);
      for (let i = 0; i < length; i++) out[start + i * inner]! /= sum;
    }
    return out;
  },
  vjp: ({ emit, output, attributes, cotangent }) => [emit.add('SoftmaxGrad', [cotangent, output], attributes)],
  cases: [{ shapes: [[2, 3, 4]], attributes: { axis: 2 } }, { shapes: [[2, 3, 4]], attributes: { axis: 1 } }],
};

// dX = Y (dY - sum(dY Y))
const SoftmaxGrad: FunctionRule<'SoftmaxGrad'> = {
  infer: ([dY]) => dY!,
  body: (emit, inputs, { axis }) => {
    const [dY, y] = inputs as [string, string];
    const sum = emit.add('ReduceSum', [emit.add('Mul', [dY, y], none)], { axes: [axis], keepdims: true });
    return emit.add('Mul', [y, emit.add('Sub', [dY, sum], none)], none);
  },
  vjp: null,
  cases: [{ shapes: [[2, 3, 4], [2, 3, 4]], attributes: { axis: 2 } }, { shapes: [[2, 3, 4], [2, 3, 4]], attributes: { axis: 1 } }],
};

interface Standardized {
  readonly axes: readonly number[];
  /** x - mean */
  readonly centred: string;
  /** sqrt(variance + epsilon) */
  readonly deviation: string;
}

/** In the form, power included, in which ONNX Runtime finds a LayerNormalization. */
function standardize(emit: Emit, x: string, axis: number, epsilon: number): Standardized {
  const { dtype, shape } = emit.type(x);
  const axes = shape.map((_, i) => i).slice(axis);
  const centred = emit.add('Sub', [x, emit.add('ReduceMean', [x], { axes, keepdims: true })], none);
  const variance = emit.add('ReduceMean', [emit.add('Pow', [centred, emit.constant(2, dtype)], none)], { axes, keepdims: true });
  return { axes, centred, deviation: emit.add('Sqrt', [emit.add('Add', [variance, emit.constant(epsilon, dtype)], none)], none) };
}

// Y = (X - mean) / s,  s = sqrt(var + epsilon)
const Normalize: FunctionRule<'Normalize'> = {
  infer: ([x]) => x!,
  body: (emit, inputs, { axis, epsilon }) => {
    const { centred, deviation } = standardize(emit, inputs[0]!, axis, epsilon);
    return emit.add('Div', [centred, deviation], none);
  },
  vjp: ({ emit, inputs, attributes, cotangent }) => [emit.add('NormalizeGrad', [cotangent, inputs[0]!], attributes)],
  cases: [{ shapes: [[2, 3, 4]], attributes: { axis: 2, epsilon: 1e-5 } }, { shapes: [[2, 3, 4]], attributes: { axis: 1, epsilon: 1e-3 } }],
};

// dX = (dY - mean(dY) - Y mean(dY Y)) / s
const NormalizeGrad: FunctionRule<'NormalizeGrad'> = {
  infer: ([dY]) => dY!,
  body: (emit, inputs, { axis, epsilon }) => {
    const [dY, x] = inputs as [string, string];
    const { axes, centred, deviation } = standardize(emit, x, axis, epsilon);
    const y = emit.add('Div', [centred, deviation], none);
    const mean = (value: string): string => emit.add('ReduceMean', [value], { axes, keepdims: true });
    const along = emit.add('Mul', [y, mean(emit.add('Mul', [dY, y], none))], none);
    return emit.add('Div', [emit.add('Sub', [emit.add('Sub', [dY, mean(dY)], none), along], none), deviation], none);
  },
  vjp: null,
  cases: [{ shapes: [[2, 3, 4], [2, 3, 4]], attributes: { axis: 2, epsilon: 1e-5 } }, { shapes: [[2, 3, 4], [2, 3, 4]], attributes: { axis: 1, epsilon: 1e-3 } }],
};

export const NORMALIZE_FUNCTIONS = { SoftmaxGrad, Normalize, NormalizeGrad };
