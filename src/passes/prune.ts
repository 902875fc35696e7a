import { verify, type Graph, type Node, type WeightRef } from '../ir/graph';
import type { TensorType } from '../ir/tensor';

/** The graph without the nodes and initializers that no output depends on; its inputs stay. */
export function prune(graph: Graph): Graph {
  const needed = new Set<string>(graph.outputs);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input) needed.add(input);
  }
  nodes.reverse();
  const initializers = new Map<string, WeightRef>([...graph.initializers].filter(([name]) => needed.has(name)));
  const kept = [...graph.inputs, ...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs)];
  const types = new Map<string, TensorType>(kept.map((name) => [name, graph.types.get(name)!]));
  return verify({ ...graph, nodes, initializers, types });
}
