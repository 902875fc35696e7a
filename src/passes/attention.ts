import { typeOf, type Graph, type Node } from '../ir/graph';
import { isFloat, sizeOf } from '../ir/tensor';
import { Pattern, type Match } from './pattern';

/**
 * From how many bytes of attention weights [..., n, m] on a step makes them again rather than keep them until its backward pass. A product and a softmax
 * more cost a quarter to a third of the attention's own time, a few percent of a vision tower's step. The bundled models stay below, at their batches.
 */
const LEAST = 2 ** 23;

/** How many bytes of them lie in memory at once: a buffer that every device can bind has 128 MiB. */
const MOST = 2 ** 26;

/** softmax(scale Q K) V that ends with `last`, where its weights are large. */
export function attention(graph: Graph, made: ReadonlyMap<string, Node>, last: Node): Match[] {
  if (last.op !== 'MatMul') return [];
  const found = new Weighted(graph, made).operands(last);
  return found ? [found] : [];
}

class Weighted extends Pattern {
  operands(last: Node): Match | undefined {
    const [p, v] = last.inputs as readonly [string, string];
    const softmax = this.node(p, 'Softmax');
    const { dtype, shape } = typeOf(this.graph, p);
    const row = sizeOf(shape.slice(0, -2)) * shape.at(-1)! * 4;
    if (softmax?.attributes.axis !== shape.length - 1 || !isFloat(dtype) || row * shape.at(-2)! < LEAST) return undefined;
    const { product, scale } = this.scaled(softmax.inputs[0]!);
    const [q, k] = this.node(product, 'MatMul')?.inputs ?? [];
    if (q === undefined || [q, k!, v, p].some((value) => typeOf(this.graph, value).shape.slice(0, -2).join() !== shape.slice(0, -2).join() || typeOf(this.graph, value).shape.length !== shape.length)) return undefined;
    const attributes = { scale, rows: Math.max(1, Math.floor(MOST / row)) };
    return { node: { name: last.name, op: 'Attention', inputs: [q, k!, v], outputs: last.outputs, attributes }, replaced: this.nodes.add(last), scalars: this.scalars };
  }

  /** x and s, of x s, s x or x / (1 / s). */
  private scaled(value: string): { product: string; scale: number } {
    const node = this.made.get(value);
    if (node?.op !== 'Mul' && node?.op !== 'Div') return { product: value, scale: 1 };
    const [a, b] = node.inputs as readonly [string, string];
    const [by, factor] = [this.scalar(b), node.op === 'Mul' ? this.scalar(a) : undefined];
    this.nodes.add(node);
    if (by !== undefined) return { product: a, scale: node.op === 'Mul' ? by : 1 / by };
    return factor === undefined ? { product: value, scale: 1 } : { product: b, scale: factor };
  }
}
