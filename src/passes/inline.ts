import type { Graph, Node } from '../ir/graph';
import { isFunction, type FunctionName } from '../ir/ops';
import { GraphBuilder } from '../ops/builder';
import { FUNCTION_RULES } from '../ops/index';
import type { FunctionRule } from '../ops/rule';

/** Replaces every `ai.seebetter` function by its body, but for those that the executor has a kernel for. */
export function inlineFunctions(graph: Graph, keep: ReadonlySet<FunctionName> = new Set()): Graph {
  if (!graph.nodes.some((node) => isFunction(node.op) && !keep.has(node.op))) return graph;
  const builder = new GraphBuilder(graph.name, undefined, graph.types);
  for (const input of graph.inputs) builder.input(input, graph.types.get(input)!);
  for (const [name, ref] of graph.initializers) builder.initializer(name, graph.types.get(name)!, ref);
  const renamed = new Map<string, string>();
  const named = new Set(graph.outputs);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => renamed.get(input) ?? input);
    const [output] = node.outputs;
    if (isFunction(node.op) && !keep.has(node.op)) {
      const body = (FUNCTION_RULES[node.op] as FunctionRule<FunctionName>).body(builder, inputs, node.attributes as never);
      renamed.set(output!, named.has(output!) ? builder.add('Reshape', [body], { shape: builder.type(body).shape }, { output: output! }) : body);
    } else copy(builder, { ...node, inputs } as Node);
  }
  return builder.build(graph.outputs);
}

function copy(builder: GraphBuilder, node: Node): void {
  builder.add(node.op, node.inputs, node.attributes as never, { output: node.outputs[0]!, node: node.name });
}
