import { UserError } from '../ir/errors';
import type { Convolution, OpAttributes } from '../ir/ops';
import { sizeOf, stridesOf, type TensorType } from '../ir/tensor';
import { broadcastShapes, broadcastStrides, walk } from './broadcast';
import type { Emit, FunctionRule, PrimitiveRule, ReferenceValue } from './rule';

interface MatMulShape {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Vectors count as a row (left) or a column (right), as in NumPy. */
function matmulShape(a: readonly number[], b: readonly number[]): MatMulShape {
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const inner = left.at(-1)!;
  if (left.length < 2 || right.length < 2 || inner !== right.at(-2)) throw new UserError(`MatMul cannot multiply [${a}] by [${b}]`, '', "Make the left operand's last dimension equal the right operand's last but one");
  return { batch: broadcastShapes('MatMul', [left.slice(0, -2), right.slice(0, -2)]), rows: left.at(-2)!, inner, columns: right.at(-1)! };
}

function transposeLast(emit: Emit, value: string): string {
  const rank = emit.type(value).shape.length;
  return emit.add('Transpose', [value], { perm: Array.from({ length: rank }, (_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i)) });
}

/** Sums a gradient over the batch dimensions that its operand was broadcast along. */
function unbroadcastBatch(emit: Emit, gradient: string, operand: readonly number[]): string {
  const { shape } = emit.type(gradient);
  const lead = shape.length - operand.length;
  const axes = shape.flatMap((dim, axis) => (axis < lead || (operand[axis - lead] === 1 && dim !== 1) ? [axis] : []));
  const summed = axes.length ? emit.add('ReduceSum', [gradient], { axes, keepdims: false }) : gradient;
  return emit.add('Reshape', [summed], { shape: operand });
}

/** dB of a weight shared by all batches: the batch joins the rows, so that it is one contraction rather than a sum of many. */
function sharedWeightGradient(emit: Emit, a: string, cotangent: string, { rows, inner, columns, batch }: MatMulShape): string {
  const count = sizeOf(batch) * rows;
  const left = emit.add('Reshape', [a], { shape: [count, inner] });
  return emit.add('MatMul', [transposeLast(emit, left), emit.add('Reshape', [cotangent], { shape: [count, columns] })], {});
}

// Y = A B:  dA = dY B^T,  dB = A^T dY
const MatMul: PrimitiveRule<'MatMul'> = {
  infer: ([a, b]) => {
    const { batch, rows, columns } = matmulShape(a!.shape, b!.shape);
    return { dtype: a!.dtype, shape: [...batch, ...(a!.shape.length === 1 ? [] : [rows]), ...(b!.shape.length === 1 ? [] : [columns])] };
  },
  reference: ([a, b]) => {
    const { batch, rows, inner, columns } = matmulShape(a!.shape, b!.shape);
    const out = new Float64Array(sizeOf(batch) * rows * columns);
    const starts = (x: ReferenceValue): number[] => {
      const found: number[] = [];
      const lead = x.shape.slice(0, -2);
      walk(batch, broadcastStrides(lead, batch), (at) => found.push(at * sizeOf(x.shape.slice(-2))));
      return found;
    };
    const fromA = starts(a!);
    const fromB = starts(b!);
    fromA.forEach((start, i) => multiply(a!.data, start, b!.data, fromB[i]!, out, i * rows * columns, rows, inner, columns));
    return out;
  },
  vjp: ({ emit, inputs, cotangent, wants }) => {
    const [a, b] = inputs as [string, string];
    const shapeA = emit.type(a).shape;
    const shapeB = emit.type(b).shape;
    const m = matmulShape(shapeA, shapeB);
    const asMatrix = (value: string, shape: readonly number[]): string => emit.add('Reshape', [value], { shape });
    const a2 = asMatrix(a, shapeA.length === 1 ? [1, m.inner] : shapeA);
    const b2 = asMatrix(b, shapeB.length === 1 ? [m.inner, 1] : shapeB);
    const dY = asMatrix(cotangent, [...m.batch, m.rows, m.columns]);
    const left = (): string => unbroadcastBatch(emit, emit.add('MatMul', [dY, transposeLast(emit, b2)], {}), emit.type(a2).shape);
    const right = (): string =>
      emit.type(b2).shape.length === 2 && sizeOf(shapeA) === sizeOf(m.batch) * m.rows * m.inner
        ? sharedWeightGradient(emit, a2, dY, m)
        : unbroadcastBatch(emit, emit.add('MatMul', [transposeLast(emit, a2), dY], {}), emit.type(b2).shape);
    return [wants(0) ? asMatrix(left(), shapeA) : undefined, wants(1) ? asMatrix(right(), shapeB) : undefined];
  },
  cases: [
    { shapes: [[3, 4], [4, 2]], attributes: {} },
    { shapes: [[2, 3, 4], [4, 5]], attributes: {} },
    { shapes: [[2, 1, 3, 4], [3, 4, 2]], attributes: {} },
    { shapes: [[4], [4, 3]], attributes: {} },
    { shapes: [[2, 3, 4], [4]], attributes: {} },
  ],
};

function multiply(a: Float64Array, aStart: number, b: Float64Array, bStart: number, out: Float64Array, outStart: number, rows: number, inner: number, columns: number): void {
  for (let i = 0; i < rows; i++) {
    const row = outStart + i * columns;
    for (let k = 0; k < inner; k++) {
      const factor = a[aStart + i * inner + k]!;
      const from = bStart + k * columns;
      for (let j = 0; j < columns; j++) out[row + j]! += factor * b[from + j]!;
    }
  }
}

/** The extent of a dilated kernel along one axis. */
function extent(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

function convolvedShape(x: readonly number[], kernel: readonly number[], { strides, pads, dilations }: Convolution): number[] {
  return kernel.map((k, i) => Math.floor((x[i]! + pads[i]! + pads[i + kernel.length]! - extent(k, dilations[i]!)) / strides[i]!) + 1);
}

/** Where places of an input x, taps of a kernel w and places of an output y meet: offsets in a channel of x, in a kernel and in a channel of y, by y and then by w. */
interface Meetings {
  readonly x: Int32Array;
  readonly w: Int32Array;
  readonly y: Int32Array;
}

function meetings(x: readonly number[], w: readonly number[], y: readonly number[], { strides, pads, dilations }: Convolution): Meetings {
  const [xs, ws, ys] = [stridesOf(x), stridesOf(w), stridesOf(y)];
  const along = (axis: number): [number, number, number][] =>
    Array.from({ length: y[2 + axis]! * w[2 + axis]! }, (_, i): [number, number, number] => {
      const [place, tap] = [Math.floor(i / w[2 + axis]!), i % w[2 + axis]!];
      return [place * strides[axis]! - pads[axis]! + tap * dilations[axis]!, tap, place];
    })
      .filter(([at]) => at >= 0 && at < x[2 + axis]!)
      .map(([at, tap, place]) => [at * xs[2 + axis]!, tap * ws[2 + axis]!, place * ys[2 + axis]!]);
  let found: [number, number, number][] = [[0, 0, 0]];
  for (let axis = 0; axis < x.length - 2; axis++) {
    const these = along(axis);
    found = found.flatMap(([xi, wi, yi]) => these.map(([dx, dw, dy]): [number, number, number] => [xi + dx, wi + dw, yi + dy]));
  }
  const offsets = (of: 0 | 1 | 2): Int32Array => Int32Array.from(found, (meeting) => meeting[of]);
  return { x: offsets(0), w: offsets(1), y: offsets(2) };
}

/** Adds every product of x [N,C,...] and w [M,C/group,...] to the y [N,M,...] that it belongs to; `backwards` every product of y and w to the x. `out` is the one, `from` the other. */
function couple(x: readonly number[], w: readonly number[], y: readonly number[], attributes: Convolution, from: Float64Array, weight: Float64Array, out: Float64Array, backwards = false): void {
  const met = meetings(x, w, y, attributes);
  const [source, target] = backwards ? [met.y, met.x] : [met.x, met.y];
  const [[xn, xc], [wm, wc], [yn, ym]] = [stridesOf(x), stridesOf(w), stridesOf(y)] as unknown as [[number, number], [number, number], [number, number]];
  const [M, channels] = w as [number, number];
  const perGroup = M / attributes.group;
  for (let n = 0; n < y[0]!; n++) {
    for (let m = 0; m < M; m++) {
      for (let c = 0; c < channels; c++) {
        const [xo, wo, yo] = [n * xn + (Math.floor(m / perGroup) * channels + c) * xc, m * wm + c * wc, n * yn + m * ym];
        const [sourceAt, targetAt] = backwards ? [yo, xo] : [xo, yo];
        for (let i = 0; i < target.length; i++) out[targetAt + target[i]!]! += from[sourceAt + source[i]!]! * weight[wo + met.w[i]!]!;
      }
    }
  }
}

function biasStart(shape: readonly number[], bias: ReferenceValue | undefined): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  if (bias) walk(shape, shape.map((_, axis) => (axis === 1 ? 1 : 0)), (at, i) => (out[i] = bias.data[at]!));
  return out;
}

function checkConvolution(op: string, x: TensorType, w: TensorType, channels: number, { strides, pads, dilations, group }: Convolution): void {
  const spatial = w.shape.length - 2;
  if (strides.length !== spatial || dilations.length !== spatial || pads.length !== 2 * spatial || ![...strides, ...dilations, group].every((step) => Number.isInteger(step) && step > 0)) {
    throw new UserError(`${op} cannot use the strides [${strides}], dilations [${dilations}], pads [${pads}] and group ${group}`, '', 'Give one positive stride and dilation and two pads for each spatial axis');
  }
  if (x.shape.length < 3 || x.shape.length !== w.shape.length || x.shape[1] !== channels) {
    throw new UserError(`${op} cannot apply the weight [${w.shape}] to [${x.shape}]`, '', "The input's channels must be the weight's, times the groups");
  }
}

/** dB = dY summed over everything but the channel. */
function biasGradient(emit: Emit, cotangent: string): string {
  return emit.add('ReduceSum', [cotangent], { axes: emit.type(cotangent).shape.flatMap((_, axis) => (axis === 1 ? [] : [axis])), keepdims: false });
}

// dX = ConvTranspose(dY, W);  dW: ConvWeightGrad
const Conv: PrimitiveRule<'Conv'> = {
  infer: ([x, w], attributes) => {
    checkConvolution('Conv', x!, w!, w!.shape[1]! * attributes.group, attributes);
    const places = convolvedShape(x!.shape.slice(2), w!.shape.slice(2), attributes);
    if (places.some((dim) => dim < 1)) throw new UserError(`Conv cannot lay the kernel [${w!.shape.slice(2)}] on [${x!.shape.slice(2)}] with the pads [${attributes.pads}]`, '', 'Feed a larger input');
    return { dtype: x!.dtype, shape: [x!.shape[0]!, w!.shape[0]!, ...places] };
  },
  reference: ([x, w, bias], attributes, output) => {
    const out = biasStart(output.shape, bias);
    couple(x!.shape, w!.shape, output.shape, attributes, x!.data, w!.data, out);
    return out;
  },
  vjp: ({ emit, inputs, attributes, cotangent, wants }) => {
    const [x, w] = inputs as [string, string];
    const kernel = emit.type(w).shape.slice(2);
    // A stride may leave a rim of the input unread: outputPadding gives it back (as zeros).
    const outputPadding = convolvedShape(emit.type(x).shape.slice(2), kernel, attributes).map(
      (length, i) => emit.type(x).shape[2 + i]! - ((length - 1) * attributes.strides[i]! + extent(kernel[i]!, attributes.dilations[i]!) - attributes.pads[i]! - attributes.pads[i + kernel.length]!),
    );
    return [
      wants(0) ? emit.add('ConvTranspose', [cotangent, w], { ...attributes, outputPadding }) : undefined,
      wants(1) ? emit.add('ConvWeightGrad', [cotangent, x], { ...attributes, kernel }) : undefined,
      wants(2) ? biasGradient(emit, cotangent) : undefined,
    ];
  },
  cases: [
    { shapes: [[2, 2, 5, 4], [3, 2, 3, 3], [3]], attributes: { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 } },
    { shapes: [[1, 3, 6, 6], [2, 3, 2, 2]], attributes: { strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 } },
    { shapes: [[1, 4, 7, 6], [4, 2, 3, 2]], attributes: { strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2], group: 2 } },
    { shapes: [[2, 2, 7], [3, 2, 3], [3]], attributes: { strides: [2], pads: [1, 1], dilations: [1], group: 1 } },
    { shapes: [[2, 3, 3, 2], [5, 3, 1, 1], [5]], attributes: { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 } },
    { shapes: [[1, 3, 6, 5], [6, 1, 5, 4]], attributes: { strides: [1, 2], pads: [2, 2, 2, 1], dilations: [1, 1], group: 3 } },
  ],
};

function swap(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => (axis < 2 ? 1 - axis : axis));
}

// The roles of Conv turned round: dX = Conv(dY, W);  dW = ConvWeightGrad with input and output exchanged
const ConvTranspose: PrimitiveRule<'ConvTranspose'> = {
  infer: ([x, w], attributes) => {
    checkConvolution('ConvTranspose', x!, w!, w!.shape[0]!, attributes);
    const { strides, pads, dilations, group, outputPadding } = attributes;
    const kernel = w!.shape.slice(2);
    const spatial = kernel.map((k, i) => (x!.shape[2 + i]! - 1) * strides[i]! + outputPadding[i]! + extent(k, dilations[i]!) - pads[i]! - pads[i + kernel.length]!);
    return { dtype: x!.dtype, shape: [x!.shape[0]!, w!.shape[1]! * group, ...spatial] };
  },
  reference: ([x, w, bias], attributes, output) => {
    const out = biasStart(output.shape, bias);
    couple(output.shape, w!.shape, x!.shape, attributes, x!.data, w!.data, out, true);
    return out;
  },
  vjp: ({ emit, inputs, attributes: { strides, pads, dilations, group }, cotangent, wants }) => {
    const [x, w] = inputs as [string, string];
    const attributes = { strides, pads, dilations, group };
    const kernel = emit.type(w).shape.slice(2);
    return [
      wants(0) ? emit.add('Conv', [cotangent, w], attributes) : undefined,
      wants(1) ? emit.add('ConvWeightGrad', [x, cotangent], { ...attributes, kernel }) : undefined,
      wants(2) ? biasGradient(emit, cotangent) : undefined,
    ];
  },
  cases: [
    { shapes: [[2, 3, 3, 3], [3, 2, 3, 3], [2]], attributes: { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1, outputPadding: [0, 0] } },
    { shapes: [[1, 4, 3, 2], [4, 1, 3, 2]], attributes: { strides: [2, 2], pads: [1, 0, 0, 1], dilations: [1, 1], group: 2, outputPadding: [1, 0] } },
    { shapes: [[2, 3, 5], [3, 2, 3], [2]], attributes: { strides: [2], pads: [1, 2], dilations: [2], group: 1, outputPadding: [1] } },
  ],
};

/**
 * dW[m,c,k] = sum over n, p of dY[n,m,p] X[n,c, p stride + k dilation - pad]: a convolution of X by dY with the batch as channels and stride and dilation
 * exchanged. Groups become separate convolutions.
 */
const ConvWeightGrad: FunctionRule<'ConvWeightGrad'> = {
  infer: ([dY, x], { kernel, group }) => ({ dtype: dY!.dtype, shape: [dY!.shape[1]!, x!.shape[1]! / group, ...kernel] }),
  body: (emit, inputs, attributes) => {
    const parts = Array.from({ length: attributes.group }, (_, group) => weightGradOfGroup(emit, inputs[0]!, inputs[1]!, attributes, group));
    return parts.length === 1 ? parts[0]! : emit.add('Concat', parts, { axis: 0 });
  },
  vjp: null,
  cases: [
    { shapes: [[2, 3, 5, 4], [2, 2, 5, 4]], attributes: { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1, kernel: [3, 3] } },
    { shapes: [[1, 4, 3, 5], [1, 4, 7, 6]], attributes: { strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2], group: 2, kernel: [3, 2] } },
    { shapes: [[3, 2, 4], [3, 3, 7]], attributes: { strides: [2], pads: [1, 1], dilations: [1], group: 1, kernel: [3] } },
  ],
};

function weightGradOfGroup(emit: Emit, dY: string, x: string, { strides, dilations, pads, group, kernel }: OpAttributes['ConvWeightGrad'], index: number): string {
  const part = (value: string): string => {
    const { shape } = emit.type(value);
    const width = shape[1]! / group;
    const along = (edge: number, whole: (dim: number) => number): number[] => shape.map((dim, axis) => (axis === 1 ? edge : whole(dim)));
    const sliced = group === 1 ? value : emit.add('Slice', [value], { starts: along(index * width, () => 0), ends: along((index + 1) * width, (dim) => dim), steps: shape.map(() => 1) });
    return emit.add('Transpose', [sliced], { perm: swap(shape) });
  };
  const raw = emit.add('Conv', [part(x), part(dY)], { strides: dilations, dilations: strides, pads, group: 1 });
  const { shape } = emit.type(raw);
  const taps = emit.add('Slice', [raw], { starts: shape.map(() => 0), ends: [shape[0]!, shape[1]!, ...kernel], steps: shape.map(() => 1) });
  return emit.add('Transpose', [taps], { perm: swap(shape) });
}

export const CONTRACTION = { MatMul, Conv, ConvTranspose };
export const CONTRACTION_FUNCTIONS = { ConvWeightGrad };
