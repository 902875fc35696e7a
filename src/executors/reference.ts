import { unreachable } from '../ir/errors';
import type { Graph, Node } from '../ir/graph';
import type { PrimitiveName } from '../ir/ops';
import { tensorFrom, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import { PRIMITIVES } from '../ops/index';
import type { PrimitiveRule, ReferenceValue } from '../ops/rule';
import { inlineFunctions } from '../passes/inline';
import { nextOf, type Executor, type Program, type ProgramSource, type WeightReader } from './executor';

/** The oracle: every operator by its definition, in float64 from input to output. */
export class ReferenceExecutor implements Executor {
  readonly kind = 'reference';
  readonly description = 'reference (TypeScript, float64)';

  async compile({ graphs, state = {}, weights }: ProgramSource): Promise<Program> {
    const inlined = new Map(Object.entries(graphs).map(([name, graph]) => [name, inlineFunctions(graph)]));
    const constants = new Map<string, ReadonlyMap<string, ReferenceValue>>();
    for (const [name, graph] of inlined) constants.set(name, await readWeights(graph, weights));
    return new ReferenceProgram(inlined, constants, new Map(Object.entries(state).map(([name, tensor]) => [name, valueOf(tensor)])));
  }

  async dispose(): Promise<void> {
    // holds nothing
  }
}

class ReferenceProgram implements Program {
  constructor(
    private readonly graphs: ReadonlyMap<string, Graph>,
    private readonly constants: ReadonlyMap<string, ReadonlyMap<string, ReferenceValue>>,
    private readonly state: Map<string, ReferenceValue>,
  ) {}

  async run(name: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const graph = this.graphs.get(name) ?? unreachable(`no graph is named ${name}`);
    const fed = new Map(graph.inputs.map((input) => [input, this.state.get(input) ?? valueOf(inputs[input] ?? unreachable(`${name}: the input ${input} is not fed`))]));
    const results = evaluate(graph, new Map([...this.constants.get(name)!, ...fed]));
    const outputs: Record<string, Tensor> = {};
    const written = new Map([...this.state.keys()].map((key) => [nextOf(key), key]));
    for (const output of graph.outputs) {
      const value = results.get(output)!;
      const key = written.get(output);
      if (key === undefined) outputs[output] = tensorOf(value);
      else this.state.set(key, value);
    }
    return outputs;
  }

  async readState(names: readonly string[] = [...this.state.keys()]): Promise<Record<string, Tensor>> {
    return Object.fromEntries(names.map((name) => [name, tensorOf(this.state.get(name) ?? unreachable(`no state is named ${name}`))]));
  }

  async writeState(values: Readonly<Record<string, Tensor>>): Promise<void> {
    for (const [name, tensor] of Object.entries(values)) this.state.set(name, valueOf(tensor));
  }

  async dispose(): Promise<void> {
    this.state.clear();
  }
}

/** All values of a graph of primitives, from those of its inputs and initializers. */
export function evaluate(graph: Graph, given: ReadonlyMap<string, ReferenceValue>): Map<string, ReferenceValue> {
  const values = new Map(given);
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const type = graph.types.get(output!)!;
    values.set(output!, { ...type, data: apply(node, node.inputs.map((input) => (input ? values.get(input)! : undefined)), type) });
  }
  return values;
}

function apply(node: Node, operands: readonly (ReferenceValue | undefined)[], type: { dtype: ReferenceValue['dtype']; shape: readonly number[] }): Float64Array {
  const rule = PRIMITIVES[node.op as PrimitiveName] as unknown as PrimitiveRule<PrimitiveName>;
  return rule.reference(operands, node.attributes as never, type);
}

async function readWeights(graph: Graph, weights: WeightReader): Promise<Map<string, ReferenceValue>> {
  const values = new Map<string, ReferenceValue>();
  for (const [name, ref] of graph.initializers) {
    const { dtype, shape } = graph.types.get(name)!;
    values.set(name, { dtype, shape, data: toNumbers(tensorFromBytes(ref.dtype, shape, await weights(ref))) });
  }
  return values;
}

function valueOf(tensor: Tensor): ReferenceValue {
  return { dtype: tensor.dtype, shape: tensor.shape, data: toNumbers(tensor) };
}

function tensorOf({ dtype, shape, data }: ReferenceValue): Tensor {
  return tensorFrom(dtype, shape, data);
}
