import { consumers, producers, typeOf, verify, type Graph, type Node } from '../ir/graph';
import type { OpName } from '../ir/ops';
import { isFloat, sizeOf, tensorFromBytes, toNumbers } from '../ir/tensor';

/** Nodes that compute what one node computes. */
interface Match {
  readonly node: Node<'Normalize'>;
  /** What vanishes; the last of these makes the value that `node` makes. */
  readonly replaced: ReadonlySet<Node>;
  /** Constants that have become attributes. */
  readonly scalars: ReadonlySet<string>;
}

/**
 * Replaces normalisations that an exporter wrote out of primitives by the function Normalize. A value inside that anything else reads, or that is an
 * output of the graph, prevents it, and so does a constant of `weights` that is read elsewhere: its gradient could be asked for.
 */
export function recognise(graph: Graph, weights: { has(name: string): boolean }): Graph {
  const readers = consumers(graph);
  const made = producers(graph);
  let matches = graph.nodes.flatMap((last) => normalisation(graph, made, last).filter((match) => isClosed(graph, readers, match, last)).slice(0, 1));
  for (let count = Infinity; matches.length < count; ) {
    count = matches.length;
    const replaced = new Set(matches.flatMap((match) => [...match.replaced]));
    matches = matches.filter(({ scalars }) => [...scalars].every((name) => !weights.has(name) || readers.get(name)!.every((node) => replaced.has(node))));
  }
  return matches.length ? rewritten(graph, matches) : graph;
}

function isClosed({ outputs }: Graph, readers: ReadonlyMap<string, readonly Node[]>, { replaced }: Match, last: Node): boolean {
  return [...replaced].every((node) => node === last || node.outputs.every((value) => !outputs.includes(value) && readers.get(value)!.every((reader) => replaced.has(reader))));
}

function rewritten(graph: Graph, matches: readonly Match[]): Graph {
  const by = new Map(matches.map(({ node }) => [node.outputs[0], node]));
  const gone = new Set(matches.flatMap(({ replaced }) => [...replaced]));
  const nodes = graph.nodes.flatMap((node) => by.get(node.outputs[0]!) ?? (gone.has(node) ? [] : [node]));
  const read = new Set([...graph.outputs, ...nodes.flatMap(({ inputs }) => inputs)]);
  const scalars = new Set(matches.flatMap((match) => [...match.scalars]).filter((name) => !read.has(name)));
  const vanished = new Set([...scalars, ...[...gone].flatMap(({ outputs }) => outputs).filter((value) => !by.has(value))]);
  const kept = <T>(map: ReadonlyMap<string, T>): Map<string, T> => new Map([...map].filter(([name]) => !vanished.has(name)));
  return verify({ ...graph, nodes, initializers: kept(graph.initializers), types: kept(graph.types) });
}

/** The ways in which `last` ends (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) over the last axes. */
function normalisation(graph: Graph, made: ReadonlyMap<string, Node>, last: Node): Match[] {
  if (last.op !== 'Div' && last.op !== 'Mul') return [];
  const [a, b] = last.inputs as readonly [string, string];
  const orders = last.op === 'Div' ? [[a, b] as const] : [[a, b] as const, [b, a] as const];
  return orders.flatMap(([centred, scale]) => {
    const pattern = new Pattern(graph, made);
    const attributes = pattern.normalisation(centred, scale, last.op === 'Mul');
    if (!attributes || typeOf(graph, last.outputs[0]!).shape.join() !== typeOf(graph, attributes.x).shape.join()) return [];
    const { x, axis, epsilon } = attributes;
    return [{ node: { name: last.name, op: 'Normalize', inputs: [x], outputs: last.outputs, attributes: { axis, epsilon } }, replaced: pattern.nodes.add(last), scalars: pattern.scalars }];
  });
}

/** Follows values back to what makes them, and notes the nodes and constants that it went through. */
class Pattern {
  readonly nodes = new Set<Node>();
  readonly scalars = new Set<string>();

  constructor(
    private readonly graph: Graph,
    private readonly made: ReadonlyMap<string, Node>,
  ) {}

  /** `centred` / `scale`, or `centred` * `scale` if that is inverse. */
  normalisation(centred: string, scale: string, inverse: boolean): { x: string; axis: number; epsilon: number } | undefined {
    const shifted = this.root(scale, inverse);
    const sum = shifted === undefined ? undefined : this.node(shifted, 'Add');
    if (!sum) return undefined;
    const [variance, epsilon] = this.withScalar(sum.inputs);
    const mean = variance === undefined ? undefined : this.node(variance, 'ReduceMean');
    const deviation = mean && this.squared(mean.inputs[0]!);
    const [numerator, inner] = [this.deviation(centred), deviation === undefined ? undefined : this.deviation(deviation)];
    if (epsilon === undefined || !numerator || !inner || numerator.x !== inner.x) return undefined;
    const axes = [numerator.mean, inner.mean, mean!].map((reduction) => this.axisOf(reduction, numerator.x));
    const [axis] = axes;
    return axis !== undefined && axes.every((other) => other === axis) ? { x: numerator.x, axis, epsilon } : undefined;
  }

  /** v, of sqrt(v) = v^0.5, or of its inverse 1 / sqrt(v) = v^-0.5. */
  private root(value: string, inverse: boolean): string | undefined {
    const node = this.made.get(value);
    if (node?.op === 'Pow') return this.power(value, inverse ? -0.5 : 0.5);
    if (!inverse) return this.node(value, 'Sqrt')?.inputs[0];
    if (node?.op === 'Div' && this.scalar(node.inputs[0]!) !== 1) return undefined;
    const inverted = node?.op === 'Div' ? this.node(value, 'Div')!.inputs[1] : this.node(value, 'Reciprocal')?.inputs[0];
    return inverted === undefined ? undefined : this.root(inverted, false);
  }

  /** d, of d^2 or d * d. */
  private squared(value: string): string | undefined {
    const node = this.made.get(value);
    if (node?.op === 'Pow') return this.power(value, 2);
    return node?.inputs[0] === node?.inputs[1] ? this.node(value, 'Mul')?.inputs[0] : undefined;
  }

  private power(value: string, exponent: number): string | undefined {
    const [base, by] = this.node(value, 'Pow')!.inputs;
    return this.scalar(by!) === exponent ? base : undefined;
  }

  /** x and its mean, of x - mean(x). */
  private deviation(value: string): { x: string; mean: Node<'ReduceMean'> } | undefined {
    const [x, subtracted] = this.node(value, 'Sub')?.inputs ?? [];
    const mean = subtracted === undefined ? undefined : this.node(subtracted, 'ReduceMean');
    return mean && mean.inputs[0] === x ? { x: x!, mean } : undefined;
  }

  /** k, of a mean over all axes of x from k on. */
  private axisOf({ attributes: { axes, keepdims } }: Node<'ReduceMean'>, x: string): number | undefined {
    const { dtype, shape } = typeOf(this.graph, x);
    const axis = shape.length - axes.length;
    return isFloat(dtype) && keepdims && axes.length > 0 && shape.every((_, i) => i < axis || axes.includes(i)) ? axis : undefined;
  }

  private withScalar([a, b]: readonly string[]): [string?, number?] {
    const value = this.scalar(b!);
    return value === undefined ? [b, this.scalar(a!)] : [a, value];
  }

  private node<P extends OpName>(value: string, op: P): Node<P> | undefined {
    const node = this.made.get(value);
    if (node?.op !== op) return undefined;
    this.nodes.add(node);
    return node as Node<P>;
  }

  private scalar(value: string): number | undefined {
    const ref = this.graph.initializers.get(value);
    const { shape } = typeOf(this.graph, value);
    if (ref?.kind !== 'bytes' || sizeOf(shape) !== 1) return undefined;
    this.scalars.add(value);
    return toNumbers(tensorFromBytes(ref.dtype, shape, ref.bytes))[0];
  }
}
