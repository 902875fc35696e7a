import type { WeightRef } from '../ir/graph';
import type { OpAttributes, OpName, PrimitiveName } from '../ir/ops';
import { isFunction } from '../ir/ops';
import { sizeOf, tensorFrom, tensorFromBytes, toNumbers, type Tensor, type TensorType } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { inferType, operandsOf, PRIMITIVES } from '../ops/index';
import type { PrimitiveRule, ReferenceValue } from '../ops/rule';

/** Larger constants are computed at run time rather than kept. */
const MOST_ELEMENTS = 1 << 16;

/** Operands that steer an operator (axes, scales, bounds) have no more than this. */
const MOST_OPERAND_ELEMENTS = 64;

/** How to add a node that was put off. */
type Deferred = () => string;

/**
 * Builds a graph while computing what depends on constants only; a constant is written to the graph when a node needs it.
 * Small weights can be read as well (an exporter's scale may stand among them), but stay weights: what is computed from them is known here and still
 * a node of the graph, added when another node reads it.
 */
export class FoldingBuilder extends GraphBuilder {
  /** Constants, and what was computed from constants and small weights. */
  private readonly folded = new Map<string, ReferenceValue>();
  private readonly smallWeights = new Map<string, ReferenceValue>();
  private readonly deferred = new Map<string, Deferred>();
  private readonly written = new Map<string, string>();
  private counter = 0;

  /** The value if it can be read now. */
  readable(value: string): ReferenceValue | undefined {
    return this.folded.get(value) ?? this.smallWeights.get(value);
  }

  /** The number that a constant, which is no weight, has everywhere. */
  uniform(value: string): number | undefined {
    const known = this.deferred.has(value) ? undefined : this.folded.get(value);
    return known?.data.every((element) => element === known.data[0]) ? known.data[0] : undefined;
  }

  override initializer(name: string, type: TensorType, ref: WeightRef): string {
    if (ref.kind === 'bytes' && sizeOf(type.shape) <= MOST_OPERAND_ELEMENTS) this.smallWeights.set(name, { ...type, data: toNumbers(tensorFromBytes(ref.dtype, type.shape, ref.bytes)) });
    return super.initializer(name, type, ref);
  }

  override type(value: string): TensorType {
    return this.folded.get(value) ?? super.type(value);
  }

  override constant(value: Tensor | number, dtype: TensorType['dtype'] = 'float32'): string {
    const tensor = typeof value === 'number' ? tensorFrom(dtype, [], [value]) : value;
    const numbers = toNumbers(tensor);
    return exact(tensor.dtype, numbers) ? this.remember({ dtype: tensor.dtype, shape: tensor.shape, data: numbers }) : super.constant(tensor);
  }

  override add<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P], names: { output?: string; node?: string } = {}): string {
    const later: Deferred = () => super.add(op, inputs.map((input) => this.materialise(input)), attributes, names);
    const values = inputs.map((input) => (input ? this.readable(input) : undefined));
    if (isFunction(op) || names.output !== undefined || !inputs.every((input, i) => values[i] ?? !input) || values.slice(0, operandsOf(op)).filter(Boolean).length < operandsOf(op)) return later();
    const type = inferType(op, values, attributes);
    const ofWeights = inputs.some((input) => this.smallWeights.has(input) || this.deferred.has(input));
    if (sizeOf(type.shape) > (ofWeights ? MOST_OPERAND_ELEMENTS : MOST_ELEMENTS)) return later();
    const rule = PRIMITIVES[op as PrimitiveName] as unknown as PrimitiveRule<PrimitiveName>;
    const data = rule.reference(values, attributes as never, type);
    const operands = values.flatMap((value) => (value ? [value] : []));
    if (!exact(type.dtype, data) || (ARITHMETIC.has(op) && [...operands, { ...type, data }].some((value) => !exact(value.dtype, value.data, false)))) return later();
    const known = this.remember({ ...type, data });
    if (ofWeights) this.deferred.set(known, later);
    return known;
  }

  /** The graph's name for a value, which is written as an initializer if it was only known, or made by its node if that was put off. */
  materialise(value: string): string {
    const known = this.folded.get(value);
    if (!known) return value;
    const name = this.written.get(value) ?? this.deferred.get(value)?.() ?? super.constant(tensorFrom(known.dtype, known.shape, known.data));
    this.written.set(value, name);
    return name;
  }

  private remember(value: ReferenceValue): string {
    const name = `\u0000constant ${this.counter++}`;
    this.folded.set(name, value);
    return name;
  }
}

/** Operators whose 64-bit results may be wrong where an operand or the result is beyond what float64 counts. */
const ARITHMETIC: ReadonlySet<OpName> = new Set<OpName>(['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Neg', 'Abs', 'ReduceSum', 'ReduceMean', 'ReduceProd', 'MatMul']);

/** Whether float64 holds 64-bit integers without loss. INT64_MAX and INT64_MIN, which exporters write for "to the end", may be carried about as `bounds`. */
function exact(dtype: TensorType['dtype'], values: Float64Array, bounds = true): boolean {
  return !dtype.endsWith('int64') || values.every((value) => Number.isSafeInteger(value) || (bounds && (value === 2 ** 63 || value === -(2 ** 63))));
}
