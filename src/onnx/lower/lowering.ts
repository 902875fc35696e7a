import { UserError } from '../../ir/errors';
import type { OpAttributes, OpName } from '../../ir/ops';
import { isFloat, sizeOf, tensorFrom, tensorFromBytes, type DType, type Tensor } from '../../ir/tensor';
import type { ModelGraph, ModelNode, Weight } from '../decode';
import type { FoldingBuilder } from '../fold';

/** Operators of the IR without attributes. */
type BareName = { [P in OpName]: [keyof OpAttributes[P]] extends [never] ? P : never }[OpName];
type ReduceName = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

/** Where a node is lowered: the operator set, and how a subgraph is inlined. */
export interface Surroundings {
  readonly opset: number;
  /** Lowers the nodes of a subgraph in place and returns the IR values of its outputs. */
  inline(graph: ModelGraph): readonly string[];
}

/** Longer lists are no index lists but a mistake. */
const LONGEST = 2 ** 24;

/** A node being lowered: its operands as IR values ('' where absent), its attributes with their defaults, and ways to add nodes under its name. */
export class Lowering {
  readonly opset: number;

  constructor(
    readonly builder: FoldingBuilder,
    readonly node: ModelNode,
    readonly inputs: readonly string[],
    readonly surroundings: Surroundings,
  ) {
    this.opset = surroundings.opset;
  }

  add<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P]): string {
    return this.builder.add(op, inputs, attributes, { node: this.node.name });
  }

  apply(op: BareName, ...inputs: readonly string[]): string {
    return this.add(op, inputs, {} as OpAttributes[BareName]);
  }

  cast(value: string, to: DType): string {
    return this.add('Cast', [value], { to });
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.add('Reshape', [value], { shape });
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.add('Transpose', [value], { perm });
  }

  expand(value: string, shape: readonly number[]): string {
    return this.add('Expand', [value], { shape });
  }

  concat(values: readonly string[], axis: number): string {
    return values.length === 1 ? values[0]! : this.add('Concat', values, { axis });
  }

  /** The elements start, start + step, ... before end, of one axis. */
  slice(value: string, axis: number, start: number, end: number, step = 1): string {
    const { shape } = this.builder.type(value);
    if (start === 0 && end === shape[axis] && step === 1) return value;
    const along = (edge: number, other: (dim: number) => number): number[] => shape.map((dim, i) => (i === axis ? edge : other(dim)));
    return this.add('Slice', [value], { starts: along(start, () => 0), ends: along(end, (dim) => dim), steps: along(step, () => 1) });
  }

  reduce(op: ReduceName, value: string, axes: readonly number[], keepdims = true): string {
    return axes.length ? this.add(op, [value], { axes, keepdims }) : value;
  }

  /** A constant scalar of the dtype of a value. */
  scalar(value: number, like: string): string {
    return this.builder.constant(value, this.builder.type(like).dtype);
  }

  vector(dtype: DType, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.builder.constant(tensorFrom(dtype, shape, values));
  }

  /** A length of something that is written out: an index list, a table of weights. */
  counted(length: number): number {
    return Number.isInteger(length) && length >= 0 && length <= LONGEST ? length : this.fail(`a list of ${length} elements would be needed`);
  }

  /** 0, 1, ..., n - 1 along one axis of a rank. */
  counter(n: number, axis = 0, rank = 1, dtype: DType = 'int64'): string {
    return this.vector(dtype, Array.from({ length: this.counted(n) }, (_, i) => i), Array.from({ length: rank }, (_, i) => (i === axis ? n : 1)));
  }

  has(i: number): boolean {
    return (this.inputs[i] ?? '') !== '';
  }

  /** Whether the model reads output i. */
  makes(i: number): boolean {
    return (this.node.outputs[i] ?? '') !== '';
  }

  input(i: number): string {
    return this.inputs[i] || this.fail(`its operand ${i} is missing`);
  }

  /** All of them, of an operator that can do without none. @param count how many it takes; any number without it */
  operands(count = this.inputs.length): readonly string[] {
    if (this.inputs.length !== count) this.fail(`it takes ${count} operand${count === 1 ? '' : 's'}, but has ${this.inputs.length}`);
    return this.inputs.map((_, i) => this.input(i));
  }

  shape(i: number): readonly number[] {
    return this.shapeOf(this.input(i));
  }

  shapeOf(value: string): readonly number[] {
    return this.builder.type(value).shape;
  }

  dtype(i: number): DType {
    return this.builder.type(this.input(i)).dtype;
  }

  number(name: string, fallback: number): number {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === 'number' ? value : this.fail(`its attribute ${name} is no number`);
  }

  flag(name: string): boolean {
    return this.number(name, 0) !== 0;
  }

  text(name: string, fallback: string): string {
    const value = this.node.attributes.get(name) ?? fallback;
    return typeof value === 'string' ? value : this.fail(`its attribute ${name} is no text`);
  }

  list(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    return value === undefined || Array.isArray(value) ? (value as number[] | undefined) : this.fail(`its attribute ${name} is no list`);
  }

  /** The tensor in an attribute; undefined if it is not there. */
  tensor(name: string): Tensor | undefined {
    const value = this.node.attributes.get(name);
    if (value === undefined) return undefined;
    const { dtype, shape, ref } = value as Partial<Weight>;
    if (!dtype || !shape || !ref) this.fail(`its attribute ${name} is no tensor`);
    return ref.kind === 'bytes' ? tensorFromBytes(dtype, shape, ref.bytes) : this.fail(`its attribute ${name} lies in another file`);
  }

  graph(name: string): ModelGraph {
    const value = this.node.attributes.get(name) as Partial<ModelGraph> | undefined;
    return value?.nodes ? (value as ModelGraph) : this.fail(`its attribute ${name} is no graph`);
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

  /** The attribute `axis` for operand 0; it must be there if there is no fallback. */
  axisOf(fallback?: number): number {
    if (fallback === undefined && !this.node.attributes.has('axis')) this.fail('it has no attribute axis');
    return this.axis(this.number('axis', fallback ?? 0), this.shape(0).length);
  }

  fail(why: string): never {
    throw new UserError(`${this.node.op} cannot be imported: ${why}`, `node ${this.node.name}`, 'Export the model again with another exporter or operator set');
  }
}

/** Adds what a node computes; returns its outputs, of which trailing unread ones may be left out. */
export type Lower = (l: Lowering) => string | readonly string[];
export type Family = Readonly<Record<string, Lower>>;

/** Arithmetic that the exporter put in float16 or float64 is done in float32. */
export function promoted(dtype: DType): DType {
  return isFloat(dtype) ? 'float32' : dtype;
}

/** The least and the greatest value of a dtype. */
export function rangeOf(dtype: DType): readonly [number, number] {
  if (isFloat(dtype)) return [-Infinity, Infinity];
  if (dtype === 'bool') return [0, 1];
  const bits = Number(/\d+$/.exec(dtype)![0]);
  return dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** A per-channel operand [C] in the shape that broadcasts along axis 1 of a rank. */
export function perChannel(l: Lowering, i: number, rank: number): string {
  return l.reshape(l.input(i), Array.from({ length: rank }, (_, axis) => (axis === 1 ? sizeOf(l.shape(i)) : 1)));
}
