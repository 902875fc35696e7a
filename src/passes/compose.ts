import { unreachable } from '../ir/errors';
import { typeOf, type Graph, type Node, type WeightRef } from '../ir/graph';
import { describe } from '../ir/tensor';
import type { GraphBuilder } from '../ops/builder';

/**
 * Appends the nodes and initializers of `graph` to `builder`. Every name takes the prefix, and so does the location of weights that lie in files:
 * whoever reads them tells by it whose they are.
 *
 * @param bindings for every input of the graph, the value of the builder that takes its place, of the same type
 * @returns the builder's value for each of the graph's outputs
 */
export function appendGraph(builder: GraphBuilder, graph: Graph, prefix: string, bindings: Readonly<Record<string, string>>): Map<string, string> {
  const values = new Map<string, string>([['', '']]);
  for (const input of graph.inputs) values.set(input, bound(builder, graph, input, bindings[input]));
  for (const [name, ref] of graph.initializers) values.set(name, builder.initializer(prefix + name, typeOf(graph, name), relocated(ref, prefix)));
  for (const node of graph.nodes) append(builder, node, prefix, values);
  return new Map(graph.outputs.map((output) => [output, values.get(output)!]));
}

function bound(builder: GraphBuilder, graph: Graph, input: string, value: string | undefined): string {
  if (value === undefined) unreachable(`nothing is bound to the input ${input} of ${graph.name}`);
  const [wanted, given] = [describe(typeOf(graph, input)), describe(builder.type(value))];
  if (wanted !== given) unreachable(`the input ${input} of ${graph.name} is ${wanted}, but ${value} is ${given}`);
  return value;
}

function append(builder: GraphBuilder, node: Node, prefix: string, values: Map<string, string>): void {
  const [output] = node.outputs;
  const inputs = node.inputs.map((input) => values.get(input)!);
  values.set(output!, builder.add(node.op, inputs, node.attributes as never, { output: prefix + output!, node: prefix + node.name }));
}

function relocated(ref: WeightRef, prefix: string): WeightRef {
  return ref.kind === 'file' ? { ...ref, location: prefix + ref.location } : ref;
}
