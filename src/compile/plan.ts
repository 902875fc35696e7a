import type { Graph } from '../ir/graph';
import { FUNCTIONS, type FunctionName } from '../ir/ops';
import { sizeOf } from '../ir/tensor';
import { splitWideConcats } from '../passes/split-concat';
import { inlineFunctions } from '../passes/inline';
import type { KernelLimits } from '../kernels/kernel';
import { align, arrange, type Lifetime } from './arena';
import { fuse } from './fuse';
import { lower } from './lower';
import { select, type Selected } from './select';
import { rootsRead, type Root, type Step } from './steps';

/** Everything that a run of a graph does, fixed before the first: dispatches in order and each root's place in the arena. */
export interface Plan {
  readonly graph: Graph;
  readonly dispatches: readonly Selected[];
  /** Byte offset in the arena of inputs and of what steps make; weights and state are absent. */
  readonly offsets: ReadonlyMap<Root, number>;
  readonly inputs: ReadonlyMap<string, Root>;
  readonly outputs: ReadonlyMap<string, Root>;
  /** Bytes. */
  readonly memory: { readonly weights: number; readonly arena: number; readonly state: number };
}

export interface PlanLimits extends KernelLimits {
  readonly maxBindings: number;
}

/** The functions that are not inlined. */
const WITH_KERNEL: ReadonlySet<FunctionName> = new Set((Object.keys(FUNCTIONS) as FunctionName[]).filter((name) => name !== 'Attention'));

/** @param state names of the inputs that live in buffers of their own */
export function plan(graph: Graph, state: ReadonlySet<string>, limits: PlanLimits): Plan {
  const lowered = fuse(lower(splitWideConcats(inlineFunctions(graph, WITH_KERNEL), limits.maxBindings - 1)), limits.maxBindings);
  const steps = lowered.steps.filter(({ result }) => sizeOf(result.type.shape) > 0);
  const lifetimes = lifetimesOf(steps, lowered.inputs, lowered.outputs, state);
  const { offsets, bytes } = arrange([...lifetimes.values()]);
  const weights = new Set(steps.flatMap(rootsRead).filter(({ origin }) => typeof origin !== 'string'));
  const sum = (roots: Iterable<Root>): number => [...roots].reduce((total, root) => total + bytesOfRoot(root), 0);
  return {
    graph,
    dispatches: steps.map((step) => select(step, limits)),
    offsets: new Map([...lifetimes.keys()].map((root, i) => [root, offsets[i]!])),
    inputs: lowered.inputs,
    outputs: lowered.outputs,
    memory: { weights: sum(weights), arena: bytes, state: sum([...lowered.inputs].filter(([name]) => state.has(name)).map(([, root]) => root)) },
  };
}

/** Every dtype takes four bytes an element on the GPU. */
export function bytesOfRoot({ type }: Root): number {
  return Math.max(4, sizeOf(type.shape) * 4);
}

function lifetimesOf(steps: readonly Step[], inputs: ReadonlyMap<string, Root>, outputs: ReadonlyMap<string, Root>, state: ReadonlySet<string>): Map<Root, Lifetime> {
  const found = new Map<Root, { bytes: number; first: number; last: number }>();
  for (const [name, root] of inputs) if (!state.has(name)) found.set(root, { bytes: align(bytesOfRoot(root)), first: -1, last: -1 });
  steps.forEach((step, at) => {
    for (const root of rootsRead(step)) {
      const lifetime = found.get(root);
      if (lifetime) lifetime.last = at;
    }
    found.set(step.result, { bytes: align(bytesOfRoot(step.result)), first: at, last: at });
  });
  for (const root of outputs.values()) {
    const lifetime = found.get(root);
    if (lifetime) lifetime.last = steps.length;
  }
  return found;
}
