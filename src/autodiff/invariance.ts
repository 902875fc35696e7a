import { consumers, producers, typeOf, type Graph, type Node } from '../ir/graph';
import { sizeOf } from '../ir/tensor';
import { broadcastStrides } from '../ops/broadcast';

/**
 * Additions that softmax does not see: softmax(x + c) = softmax(x) where c is constant along its axis. What is added to all keys of an attention alike
 * (the bias of their projection) shifts each row of logits as a whole, so its gradient is exactly zero. As a sum over tokens of float32 gradients that
 * cancel it would be their rounding: up to 6e-8 of the graph's largest gradient, and, even if every one of them were rounded but once, 1e-8.
 *
 * @param kept values that are read from outside the graph
 * @returns an Add of such a constant -> which of its operands that is
 */
export function unseenBySoftmax(graph: Graph, kept: ReadonlySet<string>): Map<Node, number> {
  const made = producers(graph);
  const readers = consumers(graph);
  const unseen = new Map<Node, number>();
  /** The node that makes a value which one other node reads, once. */
  const inner = (value: string): Node | undefined => {
    const [reader, ...others] = readers.get(value) ?? [];
    const once = reader && !others.length && reader.inputs.filter((input) => input === value).length === 1;
    return once && !kept.has(value) ? made.get(value) : undefined;
  };
  const scaled = (node: Node): string | undefined => node.inputs.find((_, i) => (node.op === 'Mul' || (node.op === 'Div' && i === 0)) && sizeOf(typeOf(graph, node.inputs[1 - i]!).shape) === 1);

  const keys = (value: string, after: readonly Node[]): void => {
    const node = inner(value);
    if (!node) return;
    if (node.op === 'Transpose' || node.op === 'Reshape') keys(node.inputs[0]!, [node, ...after]);
    else if (node.op === 'Cast') keys(node.inputs[0]!, after);
    else if (node.op === 'Mul' || node.op === 'Div') [scaled(node)].forEach((input) => input !== undefined && keys(input, after));
    else if (node.op === 'Add') {
      const constant = node.inputs.findIndex((input) => isConstantAlongLast(graph, input, value, after));
      if (constant >= 0) unseen.set(node, constant);
    }
  };
  const logits = (value: string, length: number): void => {
    const node = inner(value);
    if (!node || typeOf(graph, value).shape.at(-1) !== length) return;
    if (node.op === 'MatMul') keys(node.inputs[1]!, []);
    else if (node.op === 'Add') node.inputs.forEach((input) => logits(input, length));
    else if (node.op === 'Reshape' || node.op === 'Cast') logits(node.inputs[0]!, length);
    else if (node.op === 'Mul' || node.op === 'Div') [scaled(node)].forEach((input) => input !== undefined && logits(input, length));
  };
  for (const node of graph.nodes) {
    const { shape } = typeOf(graph, node.outputs[0]!);
    if (node.op === 'Softmax' && node.attributes.axis === shape.length - 1) logits(node.inputs[0]!, shape.at(-1)!);
    if (node.op === 'Attention') keys(node.inputs[1]!, []);
  }
  return unseen;
}

/** Whether an operand of the sum `value` is the same along the last axis once the sum has gone through movements. */
function isConstantAlongLast(graph: Graph, operand: string, value: string, movements: readonly Node[]): boolean {
  const { shape } = typeOf(graph, value);
  const strides = broadcastStrides(typeOf(graph, operand).shape, shape);
  let axes: Factors[] | undefined = shape.map((dim, axis) => [{ dim, stride: strides[axis]! }]);
  for (const node of movements) {
    if (node.op === 'Transpose') axes = node.attributes.perm.map((axis) => axes![axis]!);
    else if (node.op === 'Reshape') axes = regroup(axes.flat(), node.attributes.shape);
    if (!axes) return false;
  }
  const last = axes.at(-1) ?? [];
  return last.some(({ dim }) => dim > 1) && last.every(({ dim, stride }) => dim === 1 || stride === 0);
}

/** An axis as nested ones of one stride each: reshaping after a transpose makes axes that no single stride describes. */
type Factors = { readonly dim: number; readonly stride: number }[];

function regroup(factors: Factors, shape: readonly number[]): Factors[] | undefined {
  const rest = factors.filter(({ dim }) => dim > 1);
  const axes: Factors[] = [];
  for (const dim of shape) {
    const axis: Factors = [];
    for (let wanted = dim; wanted > 1; ) {
      const next = rest.shift();
      if (!next) return undefined;
      if (wanted % next.dim === 0) axis.push(next);
      else if (next.dim % wanted === 0) {
        const inner = next.dim / wanted;
        axis.push({ dim: wanted, stride: next.stride * inner });
        rest.unshift({ dim: inner, stride: next.stride });
        break;
      } else return undefined;
      wanted /= next.dim;
    }
    axes.push(axis);
  }
  return axes;
}
