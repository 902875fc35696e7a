import type { Graph, Node } from '../ir/graph';
import { GraphBuilder } from '../ops/builder';

/** Joins in stages what a node would join of more than `most` operands at once: a device binds only so many buffers. */
export function splitWideConcats(graph: Graph, most: number): Graph {
  const isWide = (node: Node): node is Node<'Concat'> => node.op === 'Concat' && node.inputs.length > most;
  if (!graph.nodes.some(isWide)) return graph;
  const builder = new GraphBuilder(graph.name, { ...graph, nodes: [], types: new Map([...graph.inputs, ...graph.initializers.keys()].map((name) => [name, graph.types.get(name)!])) }, graph.types);
  for (const node of graph.nodes) {
    const inputs = isWide(node) ? joined(builder, node.inputs, node.attributes, most) : node.inputs;
    builder.add(node.op, inputs, node.attributes as never, { output: node.outputs[0]!, node: node.name });
  }
  return builder.build(graph.outputs);
}

function joined(builder: GraphBuilder, inputs: readonly string[], attributes: Node<'Concat'>['attributes'], most: number): readonly string[] {
  if (inputs.length <= most) return inputs;
  const groups = Array.from({ length: Math.ceil(inputs.length / most) }, (_, i) => inputs.slice(i * most, (i + 1) * most));
  return joined(builder, groups.map((group) => (group.length === 1 ? group[0]! : builder.add('Concat', group, attributes))), attributes, most);
}
