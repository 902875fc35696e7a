import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import type { Executor, WeightReader } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { bytesOf, cast, describe, isFloat, sizeOf, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import type { Model } from '../onnx/decode';
import { readTensor } from '../onnx/tensors';

/** What an executor makes of a case. A failure's reason says by how much or how. */
export interface Outcome {
  readonly status: 'pass' | 'refused' | 'not applicable' | 'fail';
  readonly reason: string;
}

export const PASS: Outcome = { status: 'pass', reason: '' };

export const embedded: WeightReader = (ref) => Promise.resolve(ref.kind === 'bytes' ? ref.bytes : new Uint8Array());

/** A TensorProto file, through the code that reads the weights of models. */
export function readTensorFile(path: string): Tensor {
  const { dtype, shape, ref } = readTensor(fromBinary(TensorProtoSchema, readFileSync(path)), path);
  if (ref.kind !== 'bytes') throw new Error(`${path} refers to another file`);
  return tensorFromBytes(dtype, shape, ref.bytes);
}

/** The model with some of its inputs as constants: operands that an importer must know, such as a shape or axes. */
export function withConstants(model: Model, constants: ReadonlyMap<string, Tensor>): Model {
  const weights = new Map(model.graph.weights);
  for (const [name, tensor] of constants) weights.set(name, { dtype: tensor.dtype, shape: tensor.shape, ref: { kind: 'bytes', dtype: tensor.dtype, bytes: bytesOf(tensor) } });
  return { ...model, graph: { ...model.graph, inputs: model.graph.inputs.filter(({ name }) => !constants.has(name)), weights } };
}

/** Runs a graph once; whatever is thrown for a reason that a person can read becomes a refusal. */
export async function runOnce(executor: Executor, build: () => Graph, inputs: ReadonlyMap<string, Tensor>): Promise<Record<string, Tensor> | Outcome> {
  try {
    const graph = build();
    const program = await executor.compile({ graphs: { g: graph }, weights: embedded });
    const fed = graph.inputs.map((name) => [name, cast(inputs.get(name)!, graph.types.get(name)!.dtype)]);
    const results = await program.run('g', Object.fromEntries(fed));
    await program.dispose();
    return results;
  } catch (error) {
    if (error instanceof UserError) return { status: 'refused', reason: error.what };
    const missing = /Could not find an implementation for (\w+)\(\d+\)/.exec((error as Error).message);
    if (missing) return { status: 'refused', reason: `ONNX Runtime has no kernel for ${missing[1]} of this type` };
    return { status: 'fail', reason: (error as Error).message };
  }
}

/** Whether a run's answer is already the case's outcome. */
export function isOutcome(value: Record<string, Tensor> | Outcome): value is Outcome {
  return typeof value.status === 'string';
}

export interface Tolerance {
  /** Allowed |got - want|, where the largest finite magnitude of the wanted tensor is `largest`. */
  (want: number, largest: number): number;
}

/**
 * The first disagreement between a tensor and what is wanted, in words; undefined if they agree. NaN equals NaN. Floating tensors may have another
 * floating dtype: models are imported to compute in float32.
 */
export function disagreement(got: Tensor | undefined, want: Tensor, tolerance: Tolerance): string | undefined {
  if (!got) return 'is not made';
  const comparable = got.dtype === want.dtype || (isFloat(got.dtype) && isFloat(want.dtype));
  if (!comparable || got.shape.join() !== want.shape.join()) return `is ${describe(got)}, not ${describe(want)}`;
  const [a, b] = [toNumbers(got), toNumbers(want)];
  const largest = b.reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 0);
  for (let i = 0; i < sizeOf(want.shape); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Object.is(x, y) || x === y) continue;
    if (!(Math.abs(x - y) <= tolerance(y, largest))) return `[${i}] is ${x}, not ${y}`;
  }
  return undefined;
}
