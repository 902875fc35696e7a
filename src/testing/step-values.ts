import { gradient } from '../autodiff/gradient';
import { evaluate } from '../executors/reference';
import type { Graph } from '../ir/graph';
import { sizeOf, tensorFromBytes, toNumbers } from '../ir/tensor';
import type { ReferenceValue } from '../ops/rule';
import { inlineFunctions } from '../passes/inline';
import { randomNumbers } from './random';

/** In float64: a graph's outputs and the gradients of its output y, under seeded operands and cotangents of a range. The graph's weights are constants in it. */
export function stepValues(graph: Graph, wrt: readonly string[], [least, most]: readonly [number, number]): Map<string, ReferenceValue> {
  const step = inlineFunctions(gradient(graph, wrt, ['y']));
  const next = randomNumbers(5);
  const given = step.inputs.map((name): [string, ReferenceValue] => {
    const type = step.types.get(name)!;
    return [name, { ...type, data: Float64Array.from({ length: sizeOf(type.shape) }, () => least + (most - least) * next()) }];
  });
  const constants = [...step.initializers].map(([name, ref]): [string, ReferenceValue] => {
    const type = step.types.get(name)!;
    if (ref.kind !== 'bytes') throw new Error('constants only');
    return [name, { ...type, data: toNumbers(tensorFromBytes(ref.dtype, type.shape, ref.bytes)) }];
  });
  const values = evaluate(step, new Map([...given, ...constants]));
  return new Map(step.outputs.map((name) => [name, values.get(name)!]));
}
