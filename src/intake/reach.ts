import type { Model, ModelNode } from '../onnx/decode';

/** Operators whose outputs do not change by infinitesimal steps. */
const DETACHED: ReadonlySet<string> = new Set([
  'Shape', 'Size', 'ArgMax', 'ArgMin', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Not', 'And', 'Or', 'Xor', 'IsNaN', 'IsInf', 'NonZero', 'ConstantOfShape', 'EyeLike', 'Range',
  'Floor', 'Ceil', 'Round', 'Sign',
]);

/** Floating operands that steer an operator (bounds, scales, a ratio) and are not differentiated. */
const STEERING: Readonly<Record<string, readonly number[]>> = { Clip: [1, 2], Pad: [2], Resize: [1, 2, 3], Upsample: [1], Dropout: [1] };

// TensorProto.DataType of float, float16, double, bfloat16
const FLOATS: ReadonlySet<unknown> = new Set([1, 10, 11, 16]);

export interface Reach {
  /** Nodes of the model that lie between a wanted value and an output, and carry a gradient. */
  readonly nodes: number;
  readonly ops: Readonly<Record<string, number>>;
  readonly wanted: number;
  /** How many of the wanted values an output depends on. */
  readonly reached: number;
  readonly reaches_output: boolean;
}

/** What differentiating the outputs towards some values would pass through. */
export function gradientReach({ graph }: Model, wanted: readonly string[]): Reach {
  const needed = new Set(wanted);
  const forward = graph.nodes.filter((node) => {
    const carries = !DETACHED.has(node.op) && (node.op !== 'Cast' || FLOATS.has(node.attributes.get('to'))) && differentiable(node).some((name) => needed.has(name));
    if (carries) node.outputs.forEach((name) => name && needed.add(name));
    return carries;
  });
  const live = new Set(graph.outputs);
  const path = forward.reverse().filter((node) => {
    const leads = node.outputs.some((name) => live.has(name));
    if (leads) differentiable(node).forEach((name) => needed.has(name) && live.add(name));
    return leads;
  });
  const reached = wanted.filter((name) => live.has(name)).length;
  return { nodes: path.length, ops: countBy(path.map(({ op }) => op)), wanted: wanted.length, reached, reaches_output: reached > 0 };
}

/** How often each name occurs, in alphabetical order. */
export function countBy(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function differentiable({ op, inputs }: ModelNode): string[] {
  return inputs.filter((name, i) => name && !STEERING[op]?.includes(i));
}
