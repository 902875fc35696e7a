import { UserError, unreachable } from '../ir/errors';
import { verify, type Graph, type Node, type WeightRef } from '../ir/graph';
import type { OpAttributes, OpName } from '../ir/ops';
import { bytesOf, describe, tensorFrom, type DType, type Tensor, type TensorType } from '../ir/tensor';
import { inferType, operandsOf } from './index';
import type { Emit } from './rule';

/** Builds a graph node by node; types are inferred as it goes. */
export class GraphBuilder implements Emit {
  private readonly nodes: Node[] = [];
  private readonly inputs: string[] = [];
  private readonly initializers = new Map<string, WeightRef>();
  private readonly types = new Map<string, TensorType>();
  private readonly nodeNames = new Set<string>();
  private readonly constants = new Map<string, string>();
  private readonly counts = new Map<string, number>();
  private readonly nodeCounts = new Map<string, number>();

  /** Starts empty, or from a graph that is to be extended. Made-up names keep clear of `reserved`. */
  constructor(
    private readonly name: string,
    from?: Graph,
    private readonly reserved: { has(name: string): boolean } = new Set<string>(),
  ) {
    if (!from) return;
    this.inputs.push(...from.inputs);
    for (const [value, type] of from.types) this.types.set(value, type);
    for (const [value, ref] of from.initializers) this.initializers.set(value, ref);
    for (const node of from.nodes) {
      this.nodes.push(node);
      this.nodeNames.add(node.name);
    }
  }

  input(name: string, type: TensorType): string {
    this.declare(name, type);
    this.inputs.push(name);
    return name;
  }

  initializer(name: string, type: TensorType, ref: WeightRef): string {
    this.declare(name, type);
    this.initializers.set(name, ref);
    return name;
  }

  constant(value: Tensor | number, dtype: DType = 'float32'): string {
    const tensor = typeof value === 'number' ? tensorFrom(dtype, [], [value]) : value;
    const key = tensor.data.length <= 8 ? `${describe(tensor)}${tensor.data.join()}${Object.is(Number(tensor.data[0]), -0) ? '-' : ''}` : '';
    const known = key && this.constants.get(key);
    if (known) return known;
    const name = this.initializer(this.fresh('constant'), { dtype: tensor.dtype, shape: tensor.shape }, { kind: 'bytes', dtype: tensor.dtype, bytes: bytesOf(tensor) });
    if (key) this.constants.set(key, name);
    return name;
  }

  type(value: string): TensorType {
    return this.types.get(value) ?? unreachable(`${this.name}: no value is named ${value}`);
  }

  has(value: string): boolean {
    return this.types.has(value);
  }

  /** `output` and `node` are names; made up where they are not given. A node that would change nothing is not added: its operand is returned. */
  add<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P], names: { output?: string; node?: string } = {}): string {
    const operands = inputs.map((input) => (input ? this.type(input) : undefined));
    const type = this.infer(op, operands, attributes, names.node);
    if (names.output === undefined && changesNothing(op, operands[0], type, attributes)) return inputs[0]!;
    const output = names.output ?? this.fresh(op);
    this.declare(output, type);
    const node = names.node !== undefined && !this.nodeNames.has(names.node) ? names.node : this.freshNode(names.node ?? output);
    this.nodeNames.add(node);
    this.nodes.push({ name: node, op, inputs, outputs: [output], attributes } as unknown as Node);
    return output;
  }

  build(outputs: readonly string[]): Graph {
    return verify({ name: this.name, inputs: this.inputs, outputs, nodes: this.nodes, initializers: this.initializers, types: this.types });
  }

  /** A value name that is still free. */
  fresh(stem: string): string {
    for (;;) {
      const count = this.counts.get(stem) ?? 0;
      this.counts.set(stem, count + 1);
      const name = `${stem}_${count}`;
      if (!this.types.has(name) && !this.reserved.has(name)) return name;
    }
  }

  private infer<P extends OpName>(op: P, operands: readonly (TensorType | undefined)[], attributes: OpAttributes[P], node?: string): TensorType {
    try {
      if (operands.slice(0, operandsOf(op)).includes(undefined) || operands.length < operandsOf(op)) throw new UserError(`${op} lacks an operand`, '', 'Export the model again');
      return inferType(op, operands, attributes);
    } catch (error) {
      throw error instanceof UserError ? error.within(`${this.name}, ${op} node ${node ?? '(made here)'}, operands ${operands.map(describe).join(', ')}`) : error;
    }
  }

  private declare(name: string, type: TensorType): void {
    if (!name || this.types.has(name)) unreachable(`${this.name}: the name "${name}" is empty or taken`);
    this.types.set(name, type);
  }

  private freshNode(stem: string): string {
    let name = stem;
    let count = this.nodeCounts.get(stem) ?? 0;
    while (this.nodeNames.has(name)) name = `${stem}_${++count}`;
    this.nodeCounts.set(stem, count);
    return name;
  }
}

function changesNothing<P extends OpName>(op: P, from: TensorType | undefined, to: TensorType, attributes: OpAttributes[P]): boolean {
  if (from?.dtype !== to.dtype) return false;
  if (op === 'Cast') return true;
  if (from.shape.join() !== to.shape.join()) return false;
  if (op === 'Reshape' || op === 'Expand') return true;
  return op === 'Transpose' && (attributes as OpAttributes['Transpose']).perm.every((axis, i) => axis === i);
}
