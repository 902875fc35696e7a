import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import type { Dim, Model, ModelValue } from '../onnx/decode';
import { specialise } from '../onnx/import';

/** Sizes that open dimensions of pictures and token lists are tried with, smallest first: what fits every model is not known before. */
const TRIED = [2, 8, 16, 32, 64, 224, 256, 336, 384, 512];

/** Symbols that name a batch. */
const BATCH = /batch|^n$|^b$/i;

export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * The model's graph at the smallest concrete input sizes for which its shapes fit together; inputs in `given` keep their shapes. Undefined if no size
 * fits and each fails in its own way: then the sizes are at fault. Throws the UserError that all sizes meet: then the model is.
 */
export function smallGraph(model: Model, given: Shapes = {}): Graph | undefined {
  const open = model.graph.inputs.some(({ name, shape }) => !(name in given) && shape.some((dim, axis) => typeof dim !== 'number' && !isBatch(dim, axis)));
  const failures = new Map<string, UserError>();
  for (const size of open ? TRIED : [1]) {
    try {
      return specialise(model, { shapes: { ...guess(model, size), ...given } });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.set(error.message, error);
    }
  }
  const [failure, another] = failures.values();
  if (!another) throw failure;
  return undefined;
}

function guess(model: Model, size: number): Shapes {
  return Object.fromEntries(model.graph.inputs.map((input) => [input.name, input.shape.map((dim, axis) => (typeof dim === 'number' ? dim : isBatch(dim, axis) ? 1 : axis === 1 && input.shape.length === 4 ? channels(model, input, size) : size))]));
}

/** The first dimension is one unless its symbol says otherwise. */
function isBatch(dim: Dim, axis: number): boolean {
  return axis === 0 || (typeof dim === 'string' && BATCH.test(dim));
}

/** Of a picture-like input: as many as the convolution that reads it wants. */
function channels({ graph }: Model, { name }: ModelValue, otherwise: number): number {
  const reader = graph.nodes.find(({ op, inputs }) => op === 'Conv' && inputs[0] === name);
  const weight = reader && graph.weights.get(reader.inputs[1] ?? '');
  const group = reader?.attributes.get('group') ?? 1;
  return weight?.shape[1] === undefined ? otherwise : weight.shape[1] * Number(group);
}
