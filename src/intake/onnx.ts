import type { FileEntry } from '../data/files';
import type { WeightReader } from '../executors/executor';
import { ReferenceExecutor } from '../executors/reference';
import { UserError } from '../ir/errors';
import type { Graph, WeightRef } from '../ir/graph';
import { isFloat, sizeOf, tensorFrom, tensorFromBytes, toNumbers, type Tensor, type TensorType } from '../ir/tensor';
import { decodeModel, type Model, type ModelGraph } from '../onnx/decode';
import { multiplyAdds } from './cost';
import { smallGraph } from './sizes';

/** A file beside the model, by its path relative to the model's folder. */
export type Beside = (location: string) => Promise<FileEntry | undefined>;

interface Port extends TensorType {
  readonly name: string;
}

export interface OnnxFacts {
  readonly opset: number;
  readonly nodes: number;
  readonly parameters: number;
  /** At the smallest sizes that fit; none if none does. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Whether it was run at these sizes. */
  readonly ran: boolean;
  readonly warnings: readonly string[];
}

/** A model is run while it is checked if it takes no more than this. */
const MOST_MULTIPLY_ADDS = 2e7;
const MOST_ELEMENTS = 4e6;

/** Weights of at most this many bytes are read and looked through for values that are not finite. */
const MOST_SEARCHED_BYTES = 1 << 28;

/** Reads a model, checks its weights' places, infers all shapes at small sizes and runs it where that is cheap. Rejects with a UserError. */
export async function examineOnnx(file: FileEntry, beside: Beside): Promise<OnnxFacts> {
  const model = decodeModel(await file.read(), file.path);
  const weights = await openWeights(model, beside);
  const warnings = (await strangeWeights(model.graph, weights)).map((name) => `non-finite weights in ${name}`);
  const facts = { opset: model.opset, nodes: model.graph.nodes.length, parameters: parameterCount(model) };
  const graph = smallGraph(model);
  if (!graph) return { ...facts, inputs: [], outputs: [], ran: false, warnings: [...warnings, `its shapes were not checked: ${model.graph.inputs.map(({ name }) => name).join(', ')} fit at no size that was tried`] };
  const ran = isCheap(graph);
  const strange = ran ? await run(graph, weights, file.path) : [];
  return { ...facts, inputs: portsOf(graph, graph.inputs), outputs: portsOf(graph, graph.outputs), ran, warnings: [...warnings, ...strange.map((name) => `the output ${name} is not finite for a simple input`)] };
}

/** Elements of all floating weights. */
export function parameterCount({ graph }: Model): number {
  return [...graph.weights.values()].reduce((sum, { dtype, shape }) => sum + (isFloat(dtype) ? sizeOf(shape) : 0), 0);
}

export function portsOf(graph: Graph, names: readonly string[]): Port[] {
  return names.map((name) => ({ name, ...graph.types.get(name)! }));
}

/** Checks that every external weight lies inside its file. */
async function openWeights({ graph, file }: Model, beside: Beside): Promise<WeightReader> {
  const files = new Map<string, FileEntry>();
  for (const [name, { ref }] of graph.weights) {
    if (ref.kind !== 'file') continue;
    const found = files.get(ref.location) ?? (await beside(ref.location));
    if (!found) throw new UserError(`The weights file ${ref.location}, which holds ${name}, is missing`, file, 'Put it into the same folder');
    if (ref.offset + ref.length > found.size) throw new UserError(`The weight ${name} lies at offset ${ref.offset} to ${ref.offset + ref.length} of ${ref.location}, which ends at byte ${found.size}`, file, 'Download the weights file again');
    files.set(ref.location, found);
  }
  return async (ref) => (ref.kind === 'bytes' ? ref.bytes : files.get(ref.location)!.read(ref.offset, ref.offset + ref.length));
}

function isCheap(graph: Graph): boolean {
  let elements = 0;
  for (const type of graph.types.values()) elements += sizeOf(type.shape);
  return elements <= MOST_ELEMENTS && multiplyAdds(graph) <= MOST_MULTIPLY_ADDS;
}

/** Runs the graph on small numbers; returns the outputs that are not finite. */
async function run(graph: Graph, weights: WeightReader, file: string): Promise<string[]> {
  const program = await new ReferenceExecutor().compile({ graphs: { main: graph }, weights });
  const fed = Object.fromEntries(graph.inputs.map((name): [string, Tensor] => [name, sample(graph.types.get(name)!)]));
  try {
    const outputs = await program.run('main', fed);
    return Object.entries(outputs).flatMap(([name, tensor]) => (isFinite(tensor) ? [] : [name]));
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

/** Ones for integers (a valid index, mask and timestep), fractions around zero for floats. */
function sample({ dtype, shape }: TensorType): Tensor {
  return tensorFrom(dtype, shape, Float64Array.from({ length: sizeOf(shape) }, (_, i) => (isFloat(dtype) ? ((i * 7) % 11) / 11 - 0.5 : 1)));
}

async function strangeWeights(graph: ModelGraph, weights: WeightReader): Promise<string[]> {
  const floats = [...graph.weights].filter(([, { dtype }]) => isFloat(dtype));
  if (floats.reduce((sum, [, { ref }]) => sum + bytesOfRef(ref), 0) > MOST_SEARCHED_BYTES) return [];
  const strange: string[] = [];
  for (const [name, { dtype, shape, ref }] of floats) if (!isFinite(tensorFromBytes(dtype, shape, await weights(ref)))) strange.push(name);
  return strange;
}

function bytesOfRef(ref: WeightRef): number {
  return ref.kind === 'bytes' ? ref.bytes.length : ref.length;
}

function isFinite(tensor: Tensor): boolean {
  return toNumbers(tensor).every(Number.isFinite);
}
