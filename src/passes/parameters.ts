import { unreachable } from '../ir/errors';
import { verify, type Graph } from '../ir/graph';

/** The graph with the named initializers as inputs, after its own, in the order given. */
export function parametersAsInputs(graph: Graph, names: readonly string[]): Graph {
  const initializers = new Map(graph.initializers);
  for (const name of names) if (!initializers.delete(name)) unreachable(`${graph.name} has no initializer ${name}`);
  return verify({ ...graph, inputs: [...graph.inputs, ...names], initializers });
}
