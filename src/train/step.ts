import { appendGradient } from '../autodiff/gradient';
import { nextOf } from '../executors/executor';
import type { Graph } from '../ir/graph';
import { zeros, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { prune } from '../passes/prune';
import type { LossGraph } from '../recipes/diva';

export interface SgdOptions {
  readonly momentum: number;
  /** Largest L2 norm of the whole gradient; undefined: as it is. */
  readonly clipNorm: number | undefined;
}

/**
 * One optimiser step as two graphs over shared state. State, for every parameter p: `p`, its gradient sum `sum/p`, and what the optimiser keeps, for SGD
 * its momentum `momentum/p`. `accumulate` (the loss graph's inputs -> `loss`) runs once for each part, then `update` (for SGD `lr` -> `grad_norm`) once.
 */
export interface StepGraphs {
  readonly accumulate: Graph;
  readonly update: Graph;
  readonly parameters: readonly string[];
}

export const momentumOf = (parameter: string): string => `momentum/${parameter}`;
export const sumOf = (parameter: string): string => `sum/${parameter}`;

/** The state before the first step. @param slots what the optimiser keeps of a parameter */
export function initialState(parameters: Readonly<Record<string, Tensor>>, slots: (parameter: string) => readonly string[]): Record<string, Tensor> {
  const state: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) {
    state[name] = tensor;
    for (const other of [...slots(name), sumOf(name)]) state[other] = zeros('float32', tensor.shape);
  }
  return state;
}

/** sum' = sum + d(loss / parts)/dp; the loss graph's other outputs are given too. @param parts how many losses a step averages: micro-batches times draws */
export function accumulateGraph({ graph, parameters }: LossGraph, parts: number): Graph {
  const builder = new GraphBuilder('accumulate', graph);
  const gradients = appendGradient(builder, graph, parameters, new Map([['loss', builder.constant(1 / parts)]]));
  const outputs = [...graph.outputs];
  for (const name of parameters) {
    const gradient = gradients.get(name);
    if (gradient === undefined) continue;
    const sum = builder.input(sumOf(name), builder.type(name));
    outputs.push(builder.add('Add', [sum, gradient], {}, { output: nextOf(sum) }));
  }
  return prune(builder.build(outputs));
}

/**
 * torch.optim.SGD after torch.nn.utils.clip_grad_norm_, whose buffer starts as the first gradient, which is a momentum that starts at zero:
 *
 *     norm = sqrt(sum over p of |sum_p|^2),  g = sum_p min(1, clip / (norm + 1e-6))
 *     momentum' = momentum * buf + g,  p' = p - lr momentum',  sum' = 0
 */
export function sgdGraph({ graph, parameters }: LossGraph, { momentum, clipNorm }: SgdOptions): Graph {
  const builder = new GraphBuilder('update');
  const lr = builder.input('lr', { dtype: 'float32', shape: [] });
  const state = parameters.map((name) => {
    const type = graph.types.get(name)!;
    return { name, value: builder.input(name, type), buffer: builder.input(momentumOf(name), type), sum: builder.input(sumOf(name), type) };
  });
  const { norm, scale } = appendClipping(builder, state.map(({ sum }) => sum), clipNorm);
  const outputs = [norm];
  const zero = builder.constant(0);
  for (const { name, value, buffer, sum } of state) {
    const gradient = scale === undefined ? sum : builder.add('Mul', [sum, scale], {});
    const next = builder.add('Add', [builder.add('Mul', [buffer, builder.constant(momentum)], {}), gradient], {}, { output: nextOf(buffer) });
    outputs.push(next, builder.add('Sub', [value, builder.add('Mul', [next, lr], {})], {}, { output: nextOf(name) }));
    outputs.push(builder.add('Expand', [zero], { shape: builder.type(sum).shape }, { output: nextOf(sum) }));
  }
  return builder.build(outputs);
}

/** `grad_norm`, the L2 norm of all the sums together, and what they are to be multiplied with so that it is at most `clipNorm`. */
export function appendClipping(builder: GraphBuilder, sums: readonly string[], clipNorm: number | undefined): { readonly norm: string; readonly scale: string | undefined } {
  const norm = appendNorm(builder, sums);
  if (clipNorm === undefined) return { norm, scale: undefined };
  const ratio = builder.add('Div', [builder.constant(clipNorm), builder.add('Add', [norm, builder.constant(1e-6)], {})], {});
  return { norm, scale: builder.add('Min', [builder.constant(1), ratio], {}) };
}

/** The squares are added in pairs: no node reads more operands than a device binds, and rounding grows with the depth only. */
function appendNorm(builder: GraphBuilder, values: readonly string[]): string {
  let sums = values.map((value) => builder.add('ReduceSum', [builder.add('Mul', [value, value], {})], { axes: builder.type(value).shape.map((_, axis) => axis), keepdims: false }));
  while (sums.length > 1) sums = sums.flatMap((sum, i) => (i % 2 ? [] : sums[i + 1] === undefined ? [sum] : [builder.add('Add', [sum, sums[i + 1]!], {})]));
  return builder.add('Sqrt', [sums[0]!], {}, { output: 'grad_norm' });
}
