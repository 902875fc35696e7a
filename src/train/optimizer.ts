import type { Graph } from '../ir/graph';
import { tensorFrom, type Tensor } from '../ir/tensor';
import type { LossGraph } from '../recipes/diva';
import type { RunSettings } from '../recipes/settings';
import { adamwGraph, adamwInputs, momentOf } from './adamw';
import { momentumOf, sgdGraph } from './step';

/** How gradient sums become steps. */
export interface Optimizer {
  /** State that it keeps of a parameter beside value and gradient sum; starts as zeros. */
  slots(parameter: string): readonly string[];
  /** What runs after the last of a step's parts: {@link inputs} -> `grad_norm`. */
  update(loss: LossGraph): Graph;
  /** The scalars that the step of index s = 0, 1, ... takes. */
  inputs(step: number, lr: number): Record<string, Tensor>;
}

/** torch.optim.Adam's. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

export function optimizerOf({ optimizer, momentum, clipNorm }: Pick<RunSettings, 'optimizer' | 'momentum' | 'clipNorm'>): Optimizer {
  if (optimizer === 'adam') {
    return {
      slots: (parameter) => [momentOf(1, parameter), momentOf(2, parameter)],
      update: ({ graph, parameters }) => adamwGraph(parameters.map((name) => ({ name, shape: graph.types.get(name)!.shape })), { ...ADAM, clipNorm }),
      inputs: (step, lr) => adamwInputs(step, lr, ADAM),
    };
  }
  return {
    slots: (parameter) => [momentumOf(parameter)],
    update: (loss) => sgdGraph(loss, { momentum, clipNorm }),
    inputs: (_, lr) => ({ lr: tensorFrom('float32', [], [lr]) }),
  };
}
