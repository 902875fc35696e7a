import { typeOf, type Graph, type Node } from '../ir/graph';
import type { OpName } from '../ir/ops';
import { sizeOf, tensorFromBytes, toNumbers } from '../ir/tensor';

/** Nodes that compute what one node computes. */
export interface Match {
  readonly node: Node;
  /** What vanishes; the one that makes the value that `node` makes included. */
  readonly replaced: ReadonlySet<Node>;
  /** Constants that have become attributes. */
  readonly scalars: ReadonlySet<string>;
}

/** Follows values back to what makes them, and notes the nodes and constants that it went through. */
export class Pattern {
  readonly nodes = new Set<Node>();
  readonly scalars = new Set<string>();

  constructor(
    protected readonly graph: Graph,
    protected readonly made: ReadonlyMap<string, Node>,
  ) {}

  protected node<P extends OpName>(value: string, op: P): Node<P> | undefined {
    const node = this.made.get(value);
    if (node?.op !== op) return undefined;
    this.nodes.add(node);
    return node as Node<P>;
  }

  protected scalar(value: string): number | undefined {
    const ref = this.graph.initializers.get(value);
    const { shape } = typeOf(this.graph, value);
    if (ref?.kind !== 'bytes' || sizeOf(shape) !== 1) return undefined;
    this.scalars.add(value);
    return toNumbers(tensorFromBytes(ref.dtype, shape, ref.bytes))[0];
  }
}
