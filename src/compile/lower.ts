import { typeOf, type Graph, type Node } from '../ir/graph';
import { sizeOf, tensorFromBytes, toNumbers } from '../ir/tensor';
import { isElementwise } from '../kernels/elementwise';
import { contiguous, isContiguous, scalarOf } from '../kernels/wgsl';
import { broadcast, reshape, slice, transpose } from './views';
import { isContraction, type Expression, type Located, type Lowered, type Root, type Step } from './steps';

/** Turns nodes into steps over dense roots: movements become views, elementwise nodes become pointwise steps. */
export function lower(graph: Graph): Lowered {
  return new Lowering(graph).run();
}

class Lowering {
  private readonly steps: Step[] = [];
  private readonly places = new Map<string, Located>();
  private readonly constants = new Map<string, number>();

  constructor(private readonly graph: Graph) {}

  run(): Lowered {
    const { graph } = this;
    const inputs = new Map<string, Root>();
    for (const name of graph.inputs) inputs.set(name, this.place(name, 'input'));
    for (const [name, ref] of graph.initializers) {
      const root = this.place(name, ref);
      if (ref.kind === 'bytes' && sizeOf(root.type.shape) === 1) this.constants.set(name, toNumbers(tensorFromBytes(ref.dtype, root.type.shape, ref.bytes))[0]!);
    }
    for (const node of graph.nodes) this.node(node);
    const made = new Set(this.steps.map(({ result }) => result));
    const taken = new Set<Root>();
    const outputs = new Map<string, Root>();
    for (const name of new Set(graph.outputs)) {
      const located = this.places.get(name)!;
      const own = made.has(located.root) && !taken.has(located.root) && isContiguous(located.view) && sizeOf(located.root.type.shape) === sizeOf(typeOf(graph, name).shape);
      const root = own ? located.root : this.copy(located, name).root;
      taken.add(root);
      outputs.set(name, root);
    }
    return { graph, steps: this.steps, outputs, inputs };
  }

  private place(name: string, origin: Root['origin']): Root {
    const type = typeOf(this.graph, name);
    const root = { name, type, origin };
    this.places.set(name, { root, view: contiguous(type.shape) });
    return root;
  }

  private node(node: Node): void {
    const name = node.outputs[0]!;
    const view = this.view(node);
    if (view) {
      this.places.set(name, view);
      return;
    }
    const result = this.place(name, 'step');
    const label = `${node.op} ${node.name}`;
    if (isContraction(node.op)) this.contraction(node, label, result);
    else if (isElementwise(node.op)) {
      const operands = node.inputs.map((input) => this.leaf(input, result.type.shape));
      this.steps.push({ kind: 'pointwise', label, result, value: { kind: 'apply', op: node.op, operands, attributes: node.attributes, scalar: scalarOf(result.type.dtype) } });
    } else {
      const operands = node.inputs.map((input) => (input ? this.places.get(input)! : undefined));
      this.steps.push({ kind: 'node', label, result, op: node.op, attributes: node.attributes, operands });
    }
  }

  /** A bias becomes a step of its own, which fusion joins to the product. Products read operands where they lie, forwards. */
  private contraction({ op, inputs, attributes }: Node, label: string, result: Root): void {
    const [a, b, bias] = inputs.map((input) => (input ? this.places.get(input)! : undefined));
    const operands = [a!, b!].map((operand) => (operand.view.strides.some((stride) => stride < 0) ? this.copy(operand, operand.root.name) : operand));
    const product: Root = bias ? { ...result, name: `${result.name} (unbiased)` } : result;
    this.steps.push({ kind: 'node', label, result: product, op, attributes, operands });
    if (!bias) return;
    const { shape } = result.type;
    const perChannel = { root: bias.root, view: broadcast({ ...bias.view, shape: shape.map((dim, axis) => (axis === 1 ? dim : 1)), strides: shape.map((_, axis) => (axis === 1 ? bias.view.strides[0]! : 0)) }, shape) };
    const sum = [{ root: product, view: contiguous(shape) }, perChannel].map((source): Expression => ({ kind: 'leaf', source, scalar: 'f32' }));
    this.steps.push({ kind: 'pointwise', label: `${label} bias`, result, value: { kind: 'apply', op: 'Add', operands: sum, attributes: {}, scalar: 'f32' } });
  }

  private view(node: Node): Located | undefined {
    const from = this.places.get(node.inputs[0] ?? '');
    const { shape } = typeOf(this.graph, node.outputs[0]!);
    if (!from) return undefined;
    switch (node.op) {
      case 'Reshape': {
        const view = reshape(from.view, shape);
        if (view) return { root: from.root, view };
        return { root: this.copy(from, node.outputs[0]!).root, view: contiguous(shape) };
      }
      case 'Transpose': return { root: from.root, view: transpose(from.view, node.attributes) };
      case 'Expand': return { root: from.root, view: broadcast(from.view, shape) };
      case 'Slice': return { root: from.root, view: slice(from.view, shape, node.attributes) };
      default: return undefined;
    }
  }

  private leaf(name: string, shape: readonly number[]): Expression {
    const { root, view } = this.places.get(name)!;
    const scalar = scalarOf(root.type.dtype);
    const value = this.constants.get(root.name);
    return value === undefined ? { kind: 'leaf', source: { root, view: broadcast(view, shape) }, scalar } : { kind: 'constant', value, scalar };
  }

  private copy(from: Located, name: string): Located {
    const type = { dtype: from.root.type.dtype, shape: from.view.shape };
    const result: Root = { name: `${name} (dense)`, type, origin: 'step' };
    this.steps.push({ kind: 'pointwise', label: `copy ${name}`, result, value: { kind: 'leaf', source: from, scalar: scalarOf(type.dtype) } });
    return { root: result, view: contiguous(type.shape) };
  }
}
