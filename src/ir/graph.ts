import type { OpAttributes, OpName } from './ops';
import { describe, type DType, type TensorType } from './tensor';
import { unreachable } from './errors';

/** Where a weight's bytes lie. `dtype` is how they are stored; the graph may type the value wider (float16 stored, float32 computed). */
export type WeightRef =
  | { readonly kind: 'bytes'; readonly dtype: DType; readonly bytes: Uint8Array }
  /** External data: `location` is relative to the model's folder. */
  | { readonly kind: 'file'; readonly dtype: DType; readonly location: string; readonly offset: number; readonly length: number };

export type Node<O extends OpName = OpName> = {
  [P in O]: {
    /** Unique in the graph; the exporter's name where there is one. */
    readonly name: string;
    readonly op: P;
    /** Value names; '' for an absent optional operand. */
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attributes: OpAttributes[P];
  };
}[O];

/** A graph whose every shape is concrete. Nodes stand in topological order; values are named as in ONNX. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, WeightRef>;
  /** The type of every value: inputs, initializers and node outputs. */
  readonly types: ReadonlyMap<string, TensorType>;
}

export function typeOf(graph: Graph, value: string): TensorType {
  return graph.types.get(value) ?? unreachable(`graph ${graph.name} has no value ${value}`);
}

export function producers(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

export function consumers(graph: Graph): Map<string, Node[]> {
  const out = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      if (input) (out.get(input) ?? out.set(input, []).get(input)!).push(node);
    }
  }
  return out;
}

/** One line a node, for messages and snapshots. */
export function print(graph: Graph): string {
  const typed = (value: string): string => (value ? `${value}: ${describe(graph.types.get(value))}` : '-');
  return [
    `graph ${graph.name}(${graph.inputs.map(typed).join(', ')})`,
    ...graph.nodes.map((node) => `  ${node.outputs.map(typed).join(', ')} = ${node.op}(${node.inputs.join(', ')}) ${JSON.stringify(node.attributes)}`),
    `  return ${graph.outputs.join(', ')}`,
  ].join('\n');
}

/** Throws if the graph is not well-formed: run after every pass in development and tests. */
export function verify(graph: Graph): Graph {
  const known = new Set<string>([...graph.inputs, ...graph.initializers.keys()]);
  if (known.size !== graph.inputs.length + graph.initializers.size) unreachable(`${graph.name}: a name is defined twice among inputs and initializers`);
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (names.has(node.name)) unreachable(`${graph.name}: two nodes are named ${node.name}`);
    names.add(node.name);
    for (const input of node.inputs) if (input && !known.has(input)) unreachable(`${graph.name}: ${node.op} ${node.name} reads ${input} before it is made`);
    for (const output of node.outputs) {
      if (known.has(output)) unreachable(`${graph.name}: ${output} is made twice`);
      known.add(output);
    }
  }
  for (const value of known) if (!graph.types.has(value)) unreachable(`${graph.name}: ${value} has no type`);
  for (const output of graph.outputs) if (!known.has(output)) unreachable(`${graph.name}: nothing makes the output ${output}`);
  return graph;
}
