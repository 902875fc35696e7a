import { nextOf } from '../executors/executor';
import type { Graph } from '../ir/graph';
import { tensorFrom, zeros, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { appendClipping, sumOf } from './step';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of parameters of two axes or more; gains and biases are not decayed. */
  readonly weightDecay: number;
  /** Largest L2 norm of the whole gradient; undefined: as it is. */
  readonly clipNorm: number | undefined;
  /** Share of the running average of the weights that a step keeps, once enough steps are done; undefined: there is none. */
  readonly average?: number;
}

/** What a parameter has beside its value and its gradient sum. */
export const momentOf = (order: 1 | 2, parameter: string): string => `moment${order}/${parameter}`;
export const averageOf = (parameter: string): string => `ema/${parameter}`;

/** The state before the first step: for every parameter p `p`, `moment1/p`, `moment2/p`, `ema/p` and `sum/p`. */
export function adamwState(parameters: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const state: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) {
    state[name] = tensor;
    state[averageOf(name)] = tensor;
    for (const other of [momentOf(1, name), momentOf(2, name), sumOf(name)]) state[other] = zeros('float32', tensor.shape);
  }
  return state;
}

/** The scalars that the step of index s = 0, 1, ... takes. */
export function adamwInputs(step: number, lr: number, { beta1, beta2, average }: Pick<AdamWOptions, 'beta1' | 'beta2' | 'average'>): Record<string, Tensor> {
  const scalar = (value: number): Tensor => tensorFrom('float32', [], [value]);
  return {
    lr: scalar(lr),
    correction1: scalar(1 / (1 - beta1 ** (step + 1))),
    correction2: scalar(1 / (1 - beta2 ** (step + 1))),
    ...(average !== undefined && { keep: scalar(Math.min(average, (1 + step) / (10 + step))) }),
  };
}

/**
 * torch.optim.AdamW after torch.nn.utils.clip_grad_norm_, with a running average of the weights if one is asked for (inputs as adamwInputs gives them -> `grad_norm`):
 *
 *     g = sum_p min(1, clip / (norm + 1e-6))
 *     m' = beta1 m + (1 - beta1) g,  v' = beta2 v + (1 - beta2) g^2
 *     p' = p (1 - lr decay) - lr (m' correction1) / (sqrt(v' correction2) + epsilon)
 *     ema' = p' + keep (ema - p'),  sum' = 0
 */
export function adamwGraph(parameters: readonly { readonly name: string; readonly shape: readonly number[] }[], options: AdamWOptions): Graph {
  const builder = new GraphBuilder('update');
  const scalar = (name: string): string => builder.input(name, { dtype: 'float32', shape: [] });
  const [lr, correction1, correction2] = [scalar('lr'), scalar('correction1'), scalar('correction2')];
  const keep = options.average === undefined ? undefined : scalar('keep');
  const state = parameters.map(({ name, shape }) => {
    const input = (key: string): string => builder.input(key, { dtype: 'float32', shape });
    return { name, shape, value: input(name), m: input(momentOf(1, name)), v: input(momentOf(2, name)), ema: keep === undefined ? undefined : input(averageOf(name)), sum: input(sumOf(name)) };
  });
  const { norm, scale } = appendClipping(builder, state.map(({ sum }) => sum), options.clipNorm);
  const outputs = [norm];
  const binary = (op: 'Add' | 'Sub' | 'Mul' | 'Div') => (a: string, b: string | number, output?: string): string =>
    builder.add(op, [a, typeof b === 'number' ? builder.constant(b) : b], {}, output === undefined ? {} : { output });
  const [plus, minus, times, over] = [binary('Add'), binary('Sub'), binary('Mul'), binary('Div')];
  for (const { name, shape, value, m, v, ema, sum } of state) {
    const g = scale === undefined ? sum : times(sum, scale);
    const m2 = plus(times(m, options.beta1), times(g, 1 - options.beta1), nextOf(m));
    const v2 = plus(times(v, options.beta2), times(times(g, g), 1 - options.beta2), nextOf(v));
    const decayed = shape.length < 2 || options.weightDecay === 0 ? value : minus(value, times(times(value, lr), options.weightDecay));
    const spread = plus(builder.add('Sqrt', [times(v2, correction2)], {}), options.epsilon);
    const next = minus(decayed, times(over(times(m2, correction1), spread), lr), nextOf(name));
    if (ema !== undefined) outputs.push(plus(next, times(minus(ema, next), keep!), nextOf(ema)));
    outputs.push(m2, v2, next, builder.add('Expand', [builder.constant(0)], { shape }, { output: nextOf(sum) }));
  }
  return builder.build(outputs);
}
