import { UserError } from '../ir/errors';
import { typeOf, type Graph } from '../ir/graph';
import type { TensorType } from '../ir/tensor';
import type { Model } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { GraphBuilder } from '../ops/builder';
import { appendGraph } from '../passes/compose';
import { parametersAsInputs } from '../passes/parameters';
import { prune } from '../passes/prune';
import type { DiffusionModel } from './diffusion';
import { inFloat32 } from './files';

const INPUTS = ['sample', 'timestep', 'encoder_hidden_states'] as const;

/**
 * sample [B,C,h,w], timestep int64 [B], encoder_hidden_states [B,N,W] -> out_sample [B,C,h,w], all float32 but for the timestep.
 * Exports that take one timestep for all are applied to the samples one by one where they cannot be widened.
 */
export function unetGraph(model: DiffusionModel, batch: number, contextTokens: number): Graph {
  const { latentChannels, latentSize, contextWidth, unet } = model;
  const types: Readonly<Record<(typeof INPUTS)[number], TensorType>> = {
    sample: { dtype: 'float32', shape: [batch, latentChannels, latentSize, latentSize] },
    timestep: { dtype: 'int64', shape: [batch] },
    encoder_hidden_states: { dtype: 'float32', shape: [batch, contextTokens, contextWidth] },
  };
  const whole = batched(unet, types);
  const parts = whole ? 1 : batch;
  const inner = whole ?? one(unet, types);
  const builder = new GraphBuilder(unet.file);
  for (const name of INPUTS) builder.input(name, types[name]);
  for (const [name, ref] of inner.initializers) builder.initializer(name, typeOf(inner, name), ref);
  const body = parametersAsInputs(inner, [...inner.initializers.keys()]);
  const weights = Object.fromEntries([...inner.initializers.keys()].map((name) => [name, name]));
  const results = Array.from({ length: parts }, (_, part) => {
    const inputs = Object.fromEntries(INPUTS.map((name) => [name, share(builder, name, typeOf(inner, name), part, parts)]));
    return appendGraph(builder, body, parts === 1 ? '' : `sample ${part}/`, { ...weights, ...inputs }).get(inner.outputs[0]!)!;
  });
  return builder.build([parts === 1 ? results[0]! : builder.add('Concat', results, { axis: 0 }, { output: inner.outputs[0]! })]);
}

/** The UNet for the whole batch, its timestep widened to one a sample; undefined if the export does not allow that. */
function batched(unet: Model, types: Readonly<Record<string, TensorType>>): Graph | undefined {
  const input = (name: string) => unet.graph.inputs.find((found) => found.name === name);
  const [batch] = types['sample']!.shape;
  const fixed = input('sample')?.shape[0];
  const timestep = input('timestep');
  if ((typeof fixed === 'number' && fixed !== batch) || timestep?.shape.length === 0) return undefined;
  const free = timestep?.shape[0] === 1 && batch !== 1;
  try {
    return concrete(free ? replaceInput(unet, 'timestep', [null]) : unet, types);
  } catch (error) {
    if (free && error instanceof UserError) return undefined;
    throw error;
  }
}

/** The UNet for a single sample. */
function one(unet: Model, types: Readonly<Record<string, TensorType>>): Graph {
  const scalar = unet.graph.inputs.find(({ name }) => name === 'timestep')?.shape.length === 0;
  const single = Object.entries(types).map(([name, { dtype, shape }]) => [name, { dtype, shape: name === 'timestep' && scalar ? [] : [1, ...shape.slice(1)] }]);
  return concrete(unet, Object.fromEntries(single) as Record<string, TensorType>);
}

function concrete(unet: Model, types: Readonly<Record<string, TensorType>>): Graph {
  const names = unet.graph.inputs.map(({ name }) => name);
  if (INPUTS.some((name) => !names.includes(name)) || names.length !== INPUTS.length) {
    throw new UserError(`The UNet takes ${names.join(', ')}, but is fed ${INPUTS.join(', ')}`, unet.file, 'Use a model of the Stable Diffusion 1 or 2 family');
  }
  const graph = specialise(inFloat32(unet), { shapes: Object.fromEntries(Object.entries(types).map(([name, { shape }]) => [name, shape])) });
  return prune({ ...graph, outputs: graph.outputs.slice(0, 1) });
}

function replaceInput(model: Model, name: string, shape: readonly null[]): Model {
  return { ...model, graph: { ...model.graph, inputs: model.graph.inputs.map((input) => (input.name === name ? { ...input, shape } : input)) } };
}

/** A part of an input along the batch, in the type that the export takes. */
function share(builder: GraphBuilder, input: string, { dtype, shape }: TensorType, part: number, parts: number): string {
  const whole = builder.type(input).shape;
  const slice = { starts: whole.map((_, axis) => (axis === 0 ? part : 0)), ends: whole.map((dim, axis) => (axis === 0 ? part + 1 : dim)), steps: whole.map(() => 1) };
  const own = parts === 1 ? input : builder.add('Slice', [input], slice);
  return builder.add('Cast', [builder.add('Reshape', [own], { shape })], { to: dtype });
}
