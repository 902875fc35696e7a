import { UserError } from '../ir/errors';
import type { OpName } from '../ir/ops';
import { cast, isFloat, sizeOf, tensorFrom, tensorFromBytes, type DType } from '../ir/tensor';
import type { Weight, ModelNode } from './decode';
import type { FoldingBuilder } from './fold';

/** A node being lowered: its operands as IR values ('' where absent), its attributes with their defaults. */
export class Lowering {
  constructor(
    readonly builder: FoldingBuilder,
    readonly node: ModelNode,
    readonly inputs: readonly string[],
    readonly opset: number,
  ) {}

  add: FoldingBuilder['add'] = (op, inputs, attributes, names) => this.builder.add(op, inputs, attributes, names ?? { node: this.node.name });

  has(i: number): boolean {
    return (this.inputs[i] ?? '') !== '';
  }

  input(i: number): string {
    return this.inputs[i] || this.fail(`its operand ${i} is missing`);
  }

  shape(i: number): readonly number[] {
    return this.builder.type(this.input(i)).shape;
  }

  dtype(i: number): DType {
    return this.builder.type(this.input(i)).dtype;
  }

  number(name: string, fallback: number): number {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === 'number' ? value : this.fail(`its attribute ${name} is no number`);
  }

  text(name: string, fallback: string): string {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === 'string' ? value : this.fail(`its attribute ${name} is no text`);
  }

  list(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    return value === undefined || Array.isArray(value) ? (value as number[] | undefined) : this.fail(`its attribute ${name} is no list`);
  }

  /** An operand whose value must be known when the graph is made concrete. */
  values(i: number): number[] {
    const known = this.builder.readable(this.input(i));
    return known ? [...known.data] : this.fail(`its operand ${i} must be known beforehand, but is computed from the model's input`);
  }

  /** A list that older operator sets give as an attribute and newer ones as an operand. */
  listOrOperand(name: string, i: number): readonly number[] | undefined {
    return this.list(name) ?? (this.has(i) ? this.values(i) : undefined);
  }

  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    return axis >= 0 && axis < Math.max(1, rank) ? axis : this.fail(`its axis ${value} is outside a rank of ${rank}`);
  }

  fail(why: string): never {
    throw new UserError(`${this.node.op} cannot be imported: ${why}`, `node ${this.node.name}`, 'Export the model again with another exporter or operator set');
  }
}

type Lower = (l: Lowering) => string | readonly string[];

const none = {};
const direct = (op: OpName): Lower => (l) => l.add(op, l.inputs, none as never);
const float = (l: Lowering, value: number): string => l.builder.constant(value, l.dtype(0));
const ints = (l: Lowering, values: readonly number[]): string => l.builder.constant(tensorFrom('int64', [values.length], values));

function reshape(l: Lowering, value: string, shape: readonly number[]): string {
  return l.add('Reshape', [value], { shape });
}

function chain(op: OpName): Lower {
  return (l) => l.inputs.slice(1).reduce((sum, input) => l.add(op, [sum, input], none as never), l.input(0));
}

function reduce(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd', before?: (l: Lowering) => string, after?: (l: Lowering, value: string) => string): Lower {
  return (l) => {
    const rank = l.shape(0).length;
    const given = l.listOrOperand('axes', 1);
    if (!given?.length && l.number('noop_with_empty_axes', 0)) return l.input(0);
    const axes = (given?.length ? given : l.shape(0).map((_, i) => i)).map((axis) => l.axis(axis, rank));
    const value = l.add(op, [before ? before(l) : l.input(0)], { axes: [...axes].sort((a, b) => a - b), keepdims: l.number('keepdims', 1) !== 0 });
    return after ? after(l, value) : value;
  };
}

const square = (l: Lowering): string => l.add('Mul', [l.input(0), l.input(0)], none);

function reshaped(l: Lowering): string {
  const from = l.shape(0);
  const wanted = l.listOrOperand('shape', 1) ?? l.fail('it has no shape');
  const zeroKeeps = l.number('allowzero', 0) === 0;
  const shape = wanted.map((dim, i) => (dim === 0 && zeroKeeps ? (from[i] ?? l.fail(`its shape [${wanted}] keeps a dimension that [${from}] lacks`)) : dim));
  const free = shape.indexOf(-1);
  if (free >= 0) shape[free] = sizeOf(from) / Math.max(1, sizeOf(shape.filter((_, i) => i !== free)));
  return reshape(l, l.input(0), shape);
}

function slice(l: Lowering): string {
  const shape = l.shape(0);
  const starts = l.listOrOperand('starts', 1) ?? l.fail('it has no starts');
  const ends = l.listOrOperand('ends', 2) ?? l.fail('it has no ends');
  const axes = (l.listOrOperand('axes', 3) ?? starts.map((_, i) => i)).map((axis) => l.axis(axis, shape.length));
  const steps = l.has(4) ? l.values(4) : starts.map(() => 1);
  const out = { starts: shape.map(() => 0), ends: [...shape], steps: shape.map(() => 1) };
  axes.forEach((axis, i) => {
    const dim = shape[axis]!;
    const step = steps[i]! || l.fail('its step is 0');
    const clamp = (at: number, low: number, high: number): number => Math.min(high, Math.max(low, at < 0 ? at + dim : at));
    out.steps[axis] = step;
    out.starts[axis] = step > 0 ? clamp(starts[i]!, 0, dim) : clamp(starts[i]!, -1, dim - 1);
    out.ends[axis] = step > 0 ? clamp(ends[i]!, 0, dim) : clamp(ends[i]!, -1, dim - 1);
  });
  return l.add('Slice', [l.input(0)], out);
}

function split(l: Lowering): readonly string[] {
  const shape = l.shape(0);
  const axis = l.axis(l.number('axis', 0), shape.length);
  const count = l.number('num_outputs', l.node.outputs.length);
  const even = Math.ceil(shape[axis]! / count);
  const sizes = l.listOrOperand('split', 1) ?? Array.from({ length: count }, (_, i) => Math.min(even, shape[axis]! - i * even));
  let at = 0;
  return sizes.map((size) => {
    const along = (edge: number, other: (dim: number) => number): number[] => shape.map((dim, i) => (i === axis ? edge : other(dim)));
    const part = l.add('Slice', [l.input(0)], { starts: along(at, () => 0), ends: along(at + size, (dim) => dim), steps: shape.map(() => 1) });
    at += size;
    return part;
  });
}

// Y = alpha A' B' + beta C
function gemm(l: Lowering): string {
  const turn = (i: number, name: string): string => (l.number(name, 0) ? l.add('Transpose', [l.input(i)], { perm: [1, 0] }) : l.input(i));
  const scaled = (value: string, factor: number): string => (factor === 1 ? value : l.add('Mul', [value, float(l, factor)], none));
  const product = scaled(l.add('MatMul', [turn(0, 'transA'), turn(1, 'transB')], none), l.number('alpha', 1));
  return l.has(2) ? l.add('Add', [product, scaled(l.input(2), l.number('beta', 1))], none) : product;
}

function convolution(l: Lowering): { strides: readonly number[]; pads: readonly number[]; dilations: readonly number[]; group: number } {
  const kernel = l.list('kernel_shape') ?? l.shape(1).slice(2);
  const strides = l.list('strides') ?? kernel.map(() => 1);
  const dilations = l.list('dilations') ?? kernel.map(() => 1);
  const mode = l.text('auto_pad', 'NOTSET');
  let pads = l.list('pads') ?? [...kernel, ...kernel].map(() => 0);
  if (mode === 'VALID') pads = pads.map(() => 0);
  else if (mode !== 'NOTSET') {
    const total = kernel.map((k, i) => Math.max(0, (Math.ceil(l.shape(0)[2 + i]! / strides[i]!) - 1) * strides[i]! + (k - 1) * dilations[i]! + 1 - l.shape(0)[2 + i]!));
    const small = total.map((pad) => Math.floor(pad / 2));
    const large = total.map((pad, i) => pad - small[i]!);
    pads = mode === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
  }
  return { strides, pads, dilations, group: l.number('group', 1) };
}

function convTranspose(l: Lowering): string {
  if (l.text('auto_pad', 'NOTSET') !== 'NOTSET' || l.list('output_shape')) l.fail('automatic padding is not supported');
  return l.add('ConvTranspose', l.inputs, { ...convolution(l), outputPadding: l.list('output_padding') ?? l.shape(1).slice(2).map(() => 0) });
}

/** Shapes a per-channel operand [C] so that it broadcasts along axis 1. */
function perChannel(l: Lowering, i: number, rank: number): string {
  return reshape(l, l.input(i), Array.from({ length: rank }, (_, axis) => (axis === 1 ? sizeOf(l.shape(i)) : 1)));
}

function affine(l: Lowering, value: string, scale: string, bias: string | undefined): string {
  const scaled = l.add('Mul', [value, scale], none);
  return bias === undefined ? scaled : l.add('Add', [scaled, bias], none);
}

function layerNormalization(l: Lowering): string {
  if (l.node.outputs.slice(1).some(Boolean)) l.fail('its mean and deviation outputs are not supported');
  const axis = l.axis(l.number('axis', -1), l.shape(0).length);
  const y = l.add('Normalize', [l.input(0)], { axis, epsilon: l.number('epsilon', 1e-5) });
  return affine(l, y, l.input(1), l.has(2) ? l.input(2) : undefined);
}

function instanceNormalization(l: Lowering): string {
  const rank = l.shape(0).length;
  const y = l.add('Normalize', [l.input(0)], { axis: 2, epsilon: l.number('epsilon', 1e-5) });
  return affine(l, y, perChannel(l, 1, rank), perChannel(l, 2, rank));
}

function groupNormalization(l: Lowering): string {
  const shape = l.shape(0);
  const groups = l.number('num_groups', 1);
  const grouped = reshape(l, l.input(0), [shape[0]!, groups, sizeOf(shape.slice(1)) / groups]);
  const y = l.add('Normalize', [grouped], { axis: 2, epsilon: l.number('epsilon', 1e-5) });
  if (sizeOf(l.shape(1)) === shape[1]) return affine(l, reshape(l, y, shape), perChannel(l, 1, shape.length), perChannel(l, 2, shape.length));
  const perGroup = (i: number): string => reshape(l, l.input(i), [1, groups, 1]);
  return reshape(l, affine(l, y, perGroup(1), perGroup(2)), shape);
}

/** Before operator set 13 the axis divided the tensor into a matrix, all of whose columns were normalised together. */
function softmax(l: Lowering): string {
  const shape = l.shape(0);
  const axis = l.axis(l.number('axis', l.opset < 13 ? 1 : -1), shape.length);
  if (l.opset >= 13 || axis === shape.length - 1) return l.add('Softmax', [l.input(0)], { axis });
  const matrix = reshape(l, l.input(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
  return reshape(l, l.add('Softmax', [matrix], { axis: 1 }), shape);
}

// erf:  x/2 (1 + erf(x / sqrt 2));  tanh:  x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
function gelu(l: Lowering): string {
  const x = l.input(0);
  const inner =
    l.text('approximate', 'none') === 'tanh'
      ? l.add('Tanh', [l.add('Mul', [l.add('Add', [x, l.add('Mul', [l.add('Mul', [square(l), x], none), float(l, 0.044715)], none)], none), float(l, Math.sqrt(2 / Math.PI))], none)], none)
      : l.add('Erf', [l.add('Mul', [x, float(l, Math.SQRT1_2)], none)], none);
  return l.add('Mul', [l.add('Mul', [x, float(l, 0.5)], none), l.add('Add', [inner, float(l, 1)], none)], none);
}

function clip(l: Lowering): string {
  const bound = (name: string, i: number): string | undefined => (l.node.attributes.has(name) ? float(l, l.number(name, 0)) : l.has(i) ? l.input(i) : undefined);
  const low = bound('min', 1);
  const high = bound('max', 2);
  const raised = low === undefined ? l.input(0) : l.add('Max', [l.input(0), low], none);
  return high === undefined ? raised : l.add('Min', [raised, high], none);
}

function pad(l: Lowering): string {
  const rank = l.shape(0).length;
  const mode = l.text('mode', 'constant');
  if (mode !== 'constant') l.fail(`the padding mode "${mode}" is not supported`);
  const given = l.listOrOperand('pads', 1) ?? l.fail('it has no pads');
  const axes = l.has(3) ? l.values(3).map((axis) => l.axis(axis, rank)) : l.shape(0).map((_, i) => i);
  const pads = new Array<number>(rank * 2).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  return l.add('Pad', [l.input(0)], { pads, value: l.has(2) ? l.values(2)[0]! : l.number('value', 0) });
}

function tile(l: Lowering): string {
  const shape = l.shape(0);
  const repeats = l.values(1);
  const apart = reshape(l, l.input(0), shape.flatMap((dim) => [1, dim]));
  return reshape(l, l.add('Expand', [apart], { shape: shape.flatMap((dim, i) => [repeats[i]!, dim]) }), shape.map((dim, i) => dim * repeats[i]!));
}

/** Nearest neighbour by whole factors, which is what diffusion decoders use: every element repeated. */
function resize(l: Lowering): string {
  const shape = l.shape(0);
  const at = l.opset < 11 ? 1 : 2;
  const sizes = l.has(3) ? l.values(3) : l.values(at).map((scale, i) => Math.floor(scale * shape[i]!));
  const factors = sizes.map((size, i) => size / shape[i]!);
  if (l.text('mode', 'nearest') !== 'nearest' || factors.some((factor) => !Number.isInteger(factor) || factor < 1)) l.fail(`only nearest neighbour by whole factors is supported, not ${l.text('mode', 'nearest')} by [${factors}]`);
  const apart = reshape(l, l.input(0), shape.flatMap((dim) => [dim, 1]));
  return reshape(l, l.add('Expand', [apart], { shape: shape.flatMap((dim, i) => [dim, factors[i]!]) }), sizes);
}

function squeeze(l: Lowering): string {
  const shape = l.shape(0);
  const axes = l.listOrOperand('axes', 1)?.map((axis) => l.axis(axis, shape.length)) ?? shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return reshape(l, l.input(0), shape.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(l: Lowering): string {
  const shape = l.shape(0);
  const given = l.listOrOperand('axes', 1) ?? l.fail('it has no axes');
  const rank = shape.length + given.length;
  const axes = given.map((axis) => l.axis(axis, rank));
  const rest = [...shape];
  return reshape(l, l.input(0), Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)));
}

function flatten(l: Lowering): string {
  const shape = l.shape(0);
  const value = l.number('axis', 1);
  const axis = value < 0 ? value + shape.length : value;
  return reshape(l, l.input(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

function constant(l: Lowering): string {
  const tensor = l.node.attributes.get('value') as Weight | undefined;
  if (tensor?.ref.kind === 'bytes') return l.builder.constant(cast(tensorFromBytes(tensor.dtype, tensor.shape, tensor.ref.bytes), promoted(tensor.dtype)));
  if (l.node.attributes.has('value_float')) return l.builder.constant(l.number('value_float', 0));
  if (l.node.attributes.has('value_int')) return l.builder.constant(l.number('value_int', 0), 'int64');
  const floats = l.list('value_floats');
  if (floats) return l.builder.constant(tensorFrom('float32', [floats.length], floats));
  return ints(l, l.list('value_ints') ?? l.fail('its value is of a kind that is not supported'));
}

function constantOfShape(l: Lowering): string {
  const tensor = l.node.attributes.get('value') as Weight | undefined;
  const scalar = tensor?.ref.kind === 'bytes' ? tensorFromBytes(tensor.dtype, [], tensor.ref.bytes) : tensorFrom('float32', [], [0]);
  return l.add('Expand', [l.builder.constant(cast(scalar, promoted(scalar.dtype)))], { shape: l.values(0) });
}

function range(l: Lowering): string {
  const [start, limit, delta] = [l.values(0)[0]!, l.values(1)[0]!, l.values(2)[0]!];
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(length <= 1e6)) l.fail(`it would have ${length} elements`);
  return l.builder.constant(tensorFrom(l.dtype(0), [length], Array.from({ length }, (_, i) => start + i * delta)));
}

function gather(l: Lowering): string {
  return l.add('Gather', l.inputs, { axis: l.axis(l.number('axis', 0), l.shape(0).length) });
}

const CAST_CODES: readonly (DType | undefined)[] = [undefined, 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', undefined, 'bool', 'float16', 'float64', 'uint32', 'uint64', undefined, undefined, 'bfloat16'];

/** With `promote`, arithmetic that the exporter put in float16 or float64 is done in float32. */
export function promoted(dtype: DType): DType {
  return isFloat(dtype) ? 'float32' : dtype;
}

function castTo(l: Lowering, dtype: DType): string {
  return l.add('Cast', [l.input(0)], { to: promoted(dtype) });
}

/** ONNX operators in terms of the IR's. */
export const LOWERINGS: ReadonlyMap<string, Lower> = new Map<string, Lower>([
  ...(['Abs', 'Ceil', 'Cos', 'Erf', 'Exp', 'Floor', 'IsNaN', 'Log', 'Neg', 'Not', 'Reciprocal', 'Relu', 'Round', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Sqrt', 'Tanh'] as const).map((op): [string, Lower] => [op, direct(op)]),
  ...(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Where', 'MatMul'] as const).map((op): [string, Lower] => [op, direct(op)]),
  ['Sum', chain('Add')], ['Min', chain('Min')], ['Max', chain('Max')],
  ['Mod', (l) => l.add('Mod', l.inputs, { fmod: l.number('fmod', 0) !== 0 })],
  ['Cast', (l) => castTo(l, CAST_CODES[l.number('to', 0)] ?? l.fail(`the element type ${l.number('to', 0)} is not supported`))],
  ['CastLike', (l) => castTo(l, l.dtype(1))],
  ['Identity', (l) => l.input(0)], ['Dropout', (l) => l.input(0)],
  ['Constant', constant], ['ConstantOfShape', constantOfShape], ['Range', range],
  ['Shape', (l) => ints(l, l.shape(0).slice(l.number('start', 0), l.node.attributes.has('end') ? l.number('end', 0) : undefined))],
  ['Size', (l) => l.builder.constant(sizeOf(l.shape(0)), 'int64')],
  ['Reshape', reshaped], ['Flatten', flatten], ['Squeeze', squeeze], ['Unsqueeze', unsqueeze],
  ['Transpose', (l) => l.add('Transpose', [l.input(0)], { perm: l.list('perm') ?? l.shape(0).map((_, i, all) => all.length - 1 - i) })],
  ['Expand', (l) => l.add('Expand', [l.input(0)], { shape: l.values(1) })],
  ['Tile', tile], ['Slice', slice], ['Split', split], ['Pad', pad], ['Resize', resize], ['Upsample', resize],
  ['Concat', (l) => l.add('Concat', l.inputs, { axis: l.axis(l.number('axis', 0), l.shape(0).length) })],
  ['Gather', gather],
  ['GatherElements', (l) => l.add('GatherElements', l.inputs, { axis: l.axis(l.number('axis', 0), l.shape(0).length) })],
  ['GatherND', (l) => l.add('GatherND', l.inputs, { batchDims: l.number('batch_dims', 0) })],
  ['ReduceSum', reduce('ReduceSum')], ['ReduceMean', reduce('ReduceMean')], ['ReduceMax', reduce('ReduceMax')], ['ReduceMin', reduce('ReduceMin')], ['ReduceProd', reduce('ReduceProd')],
  ['ReduceSumSquare', reduce('ReduceSum', square)],
  ['ReduceL2', reduce('ReduceSum', square, (l, value) => l.add('Sqrt', [value], none))],
  ['GlobalAveragePool', (l) => l.add('ReduceMean', [l.input(0)], { axes: l.shape(0).map((_, i) => i).slice(2), keepdims: true })],
  ['ArgMax', (l) => l.add('ArgMax', [l.input(0)], { axis: l.axis(l.number('axis', 0), l.shape(0).length), keepdims: l.number('keepdims', 1) !== 0, selectLastIndex: l.number('select_last_index', 0) !== 0 })],
  ['Gemm', gemm],
  ['Conv', (l) => l.add('Conv', l.inputs, convolution(l))],
  ['ConvTranspose', convTranspose],
  ['Softmax', softmax],
  ['LayerNormalization', layerNormalization], ['InstanceNormalization', instanceNormalization], ['GroupNormalization', groupNormalization],
  ['Gelu', gelu], ['Clip', clip],
  // The draw inside a sampling VAE encoder: its mean is what the method wants.
  ['RandomNormalLike', (l) => l.add('Expand', [float(l, l.number('mean', 0))], { shape: l.shape(0) })],
]);

