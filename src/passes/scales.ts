import { consumers, producers, typeOf, verify, type Graph, type Node, type WeightRef } from '../ir/graph';
import { bytesOf, isFloat, sizeOf, tensorFrom, tensorFromBytes, toNumbers } from '../ir/tensor';

/** A value that is another one times a constant. */
interface Scaled {
  readonly node: Node;
  readonly from: string;
  readonly constant: string;
  readonly factor: number;
}

/**
 * (s a) (t b) becomes ((s t) a) b: exporters split attention's scale into its square root on queries and on keys, for the sake of float16, which costs a
 * pass over each forwards and backwards. The smaller operand keeps the factor. A scaled value that anything else reads, or that is an output, prevents
 * it, and so does a constant that is one of `weights`: its gradient could be asked for.
 */
export function joinScales(graph: Graph, weights: { has(name: string): boolean }): Graph {
  const made = producers(graph);
  const readers = consumers(graph);
  const changed = new Map<Node, Node | undefined>();
  const constants = new Map<string, WeightRef>();
  for (const node of graph.nodes) {
    if (node.op !== 'MatMul') continue;
    const [a, b] = node.inputs.map((value) => scaled(graph, made.get(value), weights));
    if (!a || !b || [a, b].some(({ node: { outputs } }) => graph.outputs.includes(outputs[0]!) || readers.get(outputs[0]!)!.length > 1) || a.node === b.node) continue;
    const [kept, freed] = sizeOf(typeOf(graph, a.from).shape) <= sizeOf(typeOf(graph, b.from).shape) ? [a, b] : [b, a];
    const constant = unused(graph, `${kept.node.outputs[0]!} scale`);
    constants.set(constant, { kind: 'bytes', dtype: 'float64', bytes: bytesOf(tensorFrom('float64', [], [a.factor * b.factor])) });
    changed.set(kept.node, { ...kept.node, inputs: [kept.from, constant] });
    changed.set(freed.node, undefined);
    changed.set(node, { ...node, inputs: node.inputs.map((value) => (value === freed.node.outputs[0] ? freed.from : value)) });
  }
  return changed.size ? rewritten(graph, changed, constants) : graph;
}

function scaled(graph: Graph, node: Node | undefined, weights: { has(name: string): boolean }): Scaled | undefined {
  if (node?.op !== 'Mul') return undefined;
  const [first, second] = node.inputs as readonly [string, string];
  for (const [from, constant] of [[first, second], [second, first]] as const) {
    const ref = graph.initializers.get(constant);
    const { dtype, shape } = typeOf(graph, constant);
    if (ref?.kind !== 'bytes' || weights.has(constant) || !isFloat(dtype) || sizeOf(shape) !== 1 || typeOf(graph, from).shape.join() !== typeOf(graph, node.outputs[0]!).shape.join()) continue;
    return { node, from, constant, factor: toNumbers(tensorFromBytes(ref.dtype, shape, ref.bytes))[0]! };
  }
  return undefined;
}

function unused({ types }: Graph, stem: string): string {
  let name = stem;
  while (types.has(name)) name += '_';
  return name;
}

function rewritten(graph: Graph, changed: ReadonlyMap<Node, Node | undefined>, constants: ReadonlyMap<string, WeightRef>): Graph {
  const nodes = graph.nodes.flatMap((node) => (changed.has(node) ? (changed.get(node) ?? []) : [node]));
  const before = new Set([...changed.keys()].flatMap(({ inputs }) => inputs));
  const read = new Set([...graph.outputs, ...nodes.flatMap(({ inputs }) => inputs)]);
  const gone = new Set([...[...changed].flatMap(([node, by]) => (by ? [] : node.outputs)), ...[...graph.initializers.keys()].filter((name) => before.has(name) && !read.has(name))]);
  const kept = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].filter(([name]) => !gone.has(name));
  const types = new Map([...kept(graph.types), ...[...constants.keys()].map((name) => [name, { dtype: 'float32' as const, shape: [] }] as const)]);
  return verify({ ...graph, nodes, initializers: new Map([...kept(graph.initializers), ...constants]), types });
}
