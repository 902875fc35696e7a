import type { WeightRef } from '../ir/graph';
import type { OpAttributes, OpName, PrimitiveName } from '../ir/ops';
import { isFunction } from '../ir/ops';
import { sizeOf, tensorFrom, tensorFromBytes, toNumbers, type Tensor, type TensorType } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { inferType, PRIMITIVES } from '../ops/index';
import type { PrimitiveRule, ReferenceValue } from '../ops/rule';

/** Larger constants are computed at run time rather than kept. */
const MOST_ELEMENTS = 1 << 16;

/** Operands that steer an operator (axes, scales, bounds) have no more than this. */
const MOST_OPERAND_ELEMENTS = 64;

/** Builds a graph while computing what depends on constants only; a constant is written to the graph when a node needs it. */
export class FoldingBuilder extends GraphBuilder {
  private readonly folded = new Map<string, ReferenceValue>();
  private readonly smallWeights = new Map<string, ReferenceValue>();
  private readonly written = new Map<string, string>();
  private counter = 0;

  /** The value if it can be read now: known, or a small weight in the file. */
  readable(value: string): ReferenceValue | undefined {
    return this.folded.get(value) ?? this.smallWeights.get(value);
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
    return this.remember({ dtype: tensor.dtype, shape: tensor.shape, data: toNumbers(tensor) });
  }

  override add<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P], names: { output?: string; node?: string } = {}): string {
    const values = inputs.map((input) => (input ? this.folded.get(input) : undefined));
    if (!isFunction(op) && names.output === undefined && inputs.every((input, i) => !input || values[i])) {
      const type = inferType(op, values, attributes);
      if (sizeOf(type.shape) <= MOST_ELEMENTS) {
        const rule = PRIMITIVES[op as PrimitiveName] as unknown as PrimitiveRule<PrimitiveName>;
        return this.remember({ ...type, data: rule.reference(values, attributes as never, type) });
      }
    }
    return super.add(op, inputs.map((input) => this.materialise(input)), attributes, names);
  }

  /** The graph's name for a value, which is written as an initializer if it was only known. */
  materialise(value: string): string {
    const known = this.folded.get(value);
    if (!known) return value;
    const name = this.written.get(value) ?? super.constant(tensorFrom(known.dtype, known.shape, known.data));
    this.written.set(value, name);
    return name;
  }

  private remember(value: ReferenceValue): string {
    const name = `\u0000constant ${this.counter++}`;
    this.folded.set(name, value);
    return name;
  }
}
