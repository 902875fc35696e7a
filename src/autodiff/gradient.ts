import { UserError } from '../ir/errors';
import type { Graph, Node } from '../ir/graph';
import { isFloat, type TensorType } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { ruleOf } from '../ops/index';
import type { Emit, VjpContext } from '../ops/rule';
import { unseenBySoftmax } from './invariance';

/**
 * Reverse-mode differentiation: appends to `builder`, which extends `graph`, the nodes that compute the gradient of
 * S = sum over `seeds` of <cotangent, value> towards each value of `wrt`.
 *
 * @param seeds value name -> name of its cotangent, in the value's shape
 * @returns value of `wrt` -> its gradient, in that value's shape; undefined where S does not depend on it
 */
export function appendGradient(builder: GraphBuilder, graph: Graph, wrt: readonly string[], seeds: ReadonlyMap<string, string>): Map<string, string | undefined> {
  const carries = reachableFrom(graph, wrt);
  const unseen = unseenBySoftmax(graph, new Set([...graph.outputs, ...seeds.keys()]));
  const gradients = new Map<string, string>();
  const accumulate = (value: string, gradient: string): void => {
    const sum = gradients.get(value);
    gradients.set(value, sum === undefined ? gradient : builder.add('Add', [sum, gradient], {}));
  };
  for (const [value, cotangent] of seeds) if (carries.has(value)) accumulate(value, cotangent);
  for (const node of [...graph.nodes].reverse()) {
    const output = node.outputs[0]!;
    const cotangent = gradients.get(output);
    if (cotangent === undefined || !node.inputs.some((input) => carries.has(input))) continue;
    pullBack(builder, node, cotangent, carries).forEach((gradient, i) => {
      const input = node.inputs[i]!;
      if (gradient !== undefined && carries.has(input) && unseen.get(node) !== i) accumulate(input, unbroadcast(builder, gradient, builder.type(input)));
    });
  }
  return new Map(wrt.map((value) => [value, gradients.get(value)]));
}

/**
 * The graph with its own outputs and `grad/<name>` for each name of `wrt`; the cotangents become inputs `ct/<output>`. Unreached gradients are zeros.
 * Throws a UserError where the graph has values of such names.
 */
export function gradient(graph: Graph, wrt: readonly string[], outputs: readonly string[]): Graph {
  const builder = new GraphBuilder(graph.name, graph);
  const taken = [...outputs.map((output) => `ct/${output}`), ...wrt.map((name) => `grad/${name}`)].find((name) => builder.has(name));
  if (taken !== undefined) throw new UserError(`The model has a value named ${taken}, which is what a gradient is called`, graph.name, 'Rename it and export the model again');
  const seeds = new Map([...new Set(outputs)].map((output) => [output, builder.input(`ct/${output}`, builder.type(output))]));
  const gradients = appendGradient(builder, graph, wrt, seeds);
  const named = [...new Set(wrt)].map((name) => {
    const { dtype, shape } = builder.type(name);
    const value = gradients.get(name) ?? builder.constant(0, dtype);
    return builder.add('Expand', [value], { shape }, { output: `grad/${name}` });
  });
  return builder.build([...graph.outputs, ...named]);
}

/** The values through which a change of `wrt` spreads, over nodes that carry gradients. */
function reachableFrom(graph: Graph, wrt: readonly string[]): Set<string> {
  const reached = new Set(wrt);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    if (isFloat(graph.types.get(output!)!.dtype) && node.inputs.some((input) => reached.has(input))) reached.add(output!);
  }
  return reached;
}

function pullBack(builder: GraphBuilder, node: Node, cotangent: string, carries: ReadonlySet<string>): readonly (string | undefined)[] {
  const { vjp } = ruleOf(node.op);
  if (!vjp) return [];
  const context = { emit: builder, inputs: node.inputs, output: node.outputs[0]!, cotangent, attributes: node.attributes, wants: (i: number) => carries.has(node.inputs[i] ?? '') };
  try {
    return vjp(context as unknown as VjpContext<never>);
  } catch (error) {
    throw error instanceof UserError ? error.within(`the gradient of ${node.op} node ${node.name}`) : error;
  }
}

/** Undoes broadcasting: sums a gradient over the axes along which its operand was repeated. */
function unbroadcast(emit: Emit, value: string, { shape }: TensorType): string {
  const from = emit.type(value).shape;
  const lead = from.length - shape.length;
  const axes = from.flatMap((dim, axis) => (axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : []));
  if (!axes.length) return value;
  return emit.add('Reshape', [emit.add('ReduceSum', [value], { axes, keepdims: false })], { shape });
}
