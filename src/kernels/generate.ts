import type { OpAttributes, OpName } from '../ir/ops';
import { sizeOf, stridesOf } from '../ir/tensor';
import type { ElementwiseName } from './elementwise';
import { GatherElements, GatherND, Gather, ScatterElements, ScatterND } from './indexing';
import type { Kernel, KernelLimits, View } from './kernel';
import { RowWriter, alongAxis } from './rows';
import { bindings, literal, load, perElement, place, type Operand, type Scalar } from './wgsl';

/** What a generator is told of the node: its operands as views, what it makes, and what the adapter allows. */
export interface Request<P extends OpName> {
  readonly operands: readonly Operand[];
  readonly shape: readonly number[];
  readonly scalar: Scalar;
  readonly attributes: OpAttributes[P];
  readonly limits: KernelLimits;
}

export type Generator<P extends OpName> = (request: Request<P>) => Kernel;
/** Views cost no kernel, attentions are inlined; contractions and elementwise chains have their own, in conv.ts, matmul.ts and elementwise.ts. */
export type GeneratedName = Exclude<OpName, ElementwiseName | 'Reshape' | 'Transpose' | 'Expand' | 'Slice' | 'MatMul' | 'Conv' | 'ConvTranspose' | 'ConvWeightGrad' | 'Attention'>;

function describeRequest(op: string, { operands, shape }: Request<OpName>): string {
  return `${op} ${operands.map(({ view }) => `[${view.shape}]`).join(', ')} -> [${shape}]`;
}

const Concat: Generator<'Concat'> = (request) => {
  const { operands, shape, scalar, attributes: { axis } } = request;
  const inner = sizeOf(shape.slice(axis + 1));
  const whole = shape[axis]! * inner;
  let from = 0;
  const parts = operands.map(({ view }, k) => {
    const width = view.shape[axis]! * inner;
    const line = `  if (along < ${from + width}u) { let j = outer * ${width}u + along - ${from}u; result[i] = ${load(operands, k, 'j')}; return; }`;
    from += width;
    return line;
  });
  return perElement(describeRequest('Concat', request), sizeOf(shape), bindings(operands, scalar), `  let outer = i / ${whole}u;\n  let along = i % ${whole}u;\n${parts.join('\n')}`);
};

const Pad: Generator<'Pad'> = (request) => {
  const { operands, shape, scalar, attributes: { pads, value } } = request;
  const { view } = operands[0]!;
  const steps = stridesOf(shape);
  const lines = shape.map((dim, axis) => `  let c${axis} = i32((i / ${steps[axis]}u) % ${dim}u) - ${pads[axis]};`);
  const inside = shape.map((_, axis) => `c${axis} >= 0 && c${axis} < ${view.shape[axis]}`).join(' && ') || 'true';
  const at = [...shape.map((_, axis) => `c${axis} * ${view.strides[axis]}`), view.offset].join(' + ');
  const body = `${lines.join('\n')}\n  if (${inside}) { result[i] = b0[u32(${at})]; } else { result[i] = ${literal(value, scalar)}; }`;
  return perElement(describeRequest('Pad', request), sizeOf(shape), bindings(operands, scalar), body);
};

type ReduceName = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

const START: { readonly [P in ReduceName]: number } = { ReduceSum: 0, ReduceMean: 0, ReduceMax: -Infinity, ReduceMin: Infinity, ReduceProd: 1 };
const COMBINE: { readonly [P in ReduceName]: (scalar: Scalar) => (a: string, b: string) => string } = {
  ReduceSum: () => (a, b) => `${a} + ${b}`,
  ReduceMean: () => (a, b) => `${a} + ${b}`,
  ReduceMax: (scalar) => (a, b) => `${scalar === 'f32' ? 'x_max' : 'max'}(${a}, ${b})`,
  ReduceMin: (scalar) => (a, b) => `${scalar === 'f32' ? 'x_min' : 'min'}(${a}, ${b})`,
  ReduceProd: () => (a, b) => `${a} * ${b}`,
};

/** The axes of a view that pass a test, as a view of their own. */
function part(view: View, keep: (axis: number) => boolean, offset: number): View {
  return { shape: view.shape.filter((_, axis) => keep(axis)), strides: view.strides.filter((_, axis) => keep(axis)), offset };
}

function reduction<P extends ReduceName>(op: P): Generator<P> {
  return (request) => {
    const { operands, shape, scalar, attributes: { axes }, limits } = request;
    const { view } = operands[0]!;
    const rows = part(view, (axis) => !axes.includes(axis), view.offset);
    const row = part(view, (axis) => axes.includes(axis), 0);
    const writer = new RowWriter(sizeOf(row.shape), limits);
    writer.let('start', place(rows, 'row'));
    writer.reduce('total', scalar, literal(START[op], scalar), COMBINE[op](scalar), (k) => `b0[start + ${place(row, k)}]`);
    writer.once(`result[row] = ${op === 'ReduceMean' ? `total / ${literal(writer.length, scalar)}` : 'total'};`);
    return writer.kernel(describeRequest(op, request), sizeOf(shape), operands, scalar);
  };
}

const ArgMax: Generator<'ArgMax'> = (request) => {
  const { operands, shape, attributes: { axis, selectLastIndex } } = request;
  const { rows, length, at } = alongAxis(operands[0]!.view.shape, axis);
  const declarations = bindings(operands, 'i32');
  const body = `  let row = i;
  var best = ${load(operands, 0, at('0u'))};
  var chosen = 0;
  for (var k = 1u; k < ${length}u; k++) {
    let value = ${load(operands, 0, at('k'))};
    if (value ${selectLastIndex ? '>=' : '>'} best) { best = value; chosen = i32(k); }
  }
  result[i] = chosen;`;
  return perElement(describeRequest('ArgMax', { ...request, shape }), rows, declarations, body);
};

/** Every element counts those that come before it; its count is its place. */
const TopK: Generator<'TopK'> = ({ operands, shape, attributes: { axis, k, largest } }) => {
  const x = operands[0]!.view.shape;
  const { rows, length, at } = alongAxis(x, axis);
  const place = alongAxis(shape, axis).at;
  const before = largest ? '>' : '<';
  const body = `  let row = i / ${length}u;
  let mine = i % ${length}u;
  let value = ${load(operands, 0, at('mine'))};
  var rank = 0u;
  for (var k = 0u; k < ${length}u; k++) {
    let other = ${load(operands, 0, at('k'))};
    if (other ${before} value || (other == value && k < mine)) { rank++; }
  }
  if (rank < ${k}u) { result[${place('rank')}] = i32(mine); }`;
  return perElement(`TopK [${x}] -> [${shape}]`, rows * length, bindings(operands, 'i32'), body);
};

const add = (a: string, b: string): string => `${a} + ${b}`;

const Softmax: Generator<'Softmax'> = (request) => {
  const { operands, attributes: { axis }, limits } = request;
  const { rows, length, at } = alongAxis(request.shape, axis);
  const writer = new RowWriter(length, limits);
  const x = (k: string): string => load(operands, 0, at(k));
  writer.reduce('peak', 'f32', literal(-Infinity, 'f32'), (a, b) => `max(${a}, ${b})`, x);
  writer.reduce('total', 'f32', '0.0', add, (k) => `x_exp(${x(k)} - peak)`);
  writer.each(`result[${at('k')}] = x_exp(${x('k')} - peak) / total;`);
  return writer.kernel(describeRequest('Softmax', request), rows, operands, 'f32');
};

const SoftmaxGrad: Generator<'SoftmaxGrad'> = (request) => {
  const { operands, attributes: { axis }, limits } = request;
  const { rows, length, at } = alongAxis(request.shape, axis);
  const writer = new RowWriter(length, limits);
  const [dY, y] = [0, 1].map((operand) => (k: string): string => load(operands, operand, at(k)));
  writer.reduce('total', 'f32', '0.0', add, (k) => `${dY!(k)} * ${y!(k)}`);
  writer.each(`result[${at('k')}] = ${y!('k')} * (${dY!('k')} - total);`);
  return writer.kernel(describeRequest('SoftmaxGrad', request), rows, operands, 'f32');
};

/** Declares `mean` and `scale` = 1 / sqrt(variance + epsilon) of the row, in two passes. */
function moments(writer: RowWriter, x: (k: string) => string, epsilon: number): void {
  writer.reduce('sum', 'f32', '0.0', add, x);
  writer.let('mean', `sum / ${writer.length}.0`);
  writer.reduce('squares', 'f32', '0.0', add, (k) => `(${x(k)} - mean) * (${x(k)} - mean)`);
  writer.let('scale', `1.0 / sqrt(squares / ${writer.length}.0 + ${literal(epsilon, 'f32')})`);
}

const Normalize: Generator<'Normalize'> = (request) => {
  const { operands, shape, attributes: { axis, epsilon }, limits } = request;
  const length = sizeOf(shape.slice(axis));
  const writer = new RowWriter(length, limits);
  const x = (k: string): string => load(operands, 0, `(row * ${length}u + ${k})`);
  moments(writer, x, epsilon);
  writer.each(`result[row * ${length}u + k] = (${x('k')} - mean) * scale;`);
  return writer.kernel(describeRequest('Normalize', request), sizeOf(shape.slice(0, axis)), operands, 'f32');
};

// dX = (dY - mean(dY) - Y mean(dY Y)) scale
const NormalizeGrad: Generator<'NormalizeGrad'> = (request) => {
  const { operands, shape, attributes: { axis, epsilon }, limits } = request;
  const length = sizeOf(shape.slice(axis));
  const writer = new RowWriter(length, limits);
  const [dY, x] = [0, 1].map((operand) => (k: string): string => load(operands, operand, `(row * ${length}u + ${k})`));
  const y = (k: string): string => `((${x!(k)} - mean) * scale)`;
  moments(writer, x!, epsilon);
  writer.reduce('flat', 'f32', '0.0', add, dY!);
  writer.reduce('tilt', 'f32', '0.0', add, (k) => `${dY!(k)} * ${y(k)}`);
  writer.each(`result[row * ${length}u + k] = (${dY!('k')} - flat / ${length}.0 - ${y('k')} * (tilt / ${length}.0)) * scale;`);
  return writer.kernel(describeRequest('NormalizeGrad', request), sizeOf(shape.slice(0, axis)), operands, 'f32');
};

export const GENERATORS: { readonly [P in GeneratedName]: Generator<P> } = {
  Concat, Pad, Gather, GatherElements, GatherND, ScatterElements, ScatterND, ArgMax, TopK, Softmax, SoftmaxGrad, Normalize, NormalizeGrad,
  ReduceSum: reduction('ReduceSum'), ReduceMean: reduction('ReduceMean'), ReduceMax: reduction('ReduceMax'), ReduceMin: reduction('ReduceMin'), ReduceProd: reduction('ReduceProd'),
};
