import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gradient } from '../autodiff/gradient';
import { readSafetensors, writeSafetensors } from '../data/safetensors';
import type { WeightReader } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { cast, describe, isFloat, type Tensor } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { openExecutor } from './executor';
import { readBytes, writeWhole } from './files';

interface Report {
  readonly executor: string;
  readonly outputs: number;
  readonly gradients: number;
  readonly out: string;
}

/** `run`: forward; writes `out/<output>`. */
export async function runModel(argv: string[]): Promise<Report> {
  const { graph, given, options } = await prepare(argv, false);
  return execute(graph, inputsOf(graph, given), options);
}

/** `grad`: forward and reverse; writes `out/<output>` and `grad/<name>`. */
export async function differentiate(argv: string[]): Promise<Report> {
  const { graph, given, options } = await prepare(argv, true);
  const outputs = options.output?.length ? options.output : graph.outputs.filter((output) => isFloat(graph.types.get(output)!.dtype));
  const floats = [...graph.inputs, ...graph.initializers.keys()].filter((name) => isFloat(graph.types.get(name)!.dtype));
  const wrt = options.wrt === 'all' ? floats : options.wrt.split(',');
  for (const name of [...outputs, ...wrt]) if (!graph.types.has(name)) throw new UserError(`The model has no value named ${name}`, options.model, `Name an output (${graph.outputs.join(', ')}), an input or an initializer`);
  const cotangents: Record<string, Tensor> = {};
  for (const output of outputs) cotangents[`ct/${output}`] = given.get(`ct/${output}`) ?? unit(graph, output, outputs.length);
  return execute(gradient(graph, wrt, outputs), { ...inputsOf(graph, given), ...cotangents }, options);
}

async function prepare(argv: string[], differentiated: boolean): Promise<{ graph: Graph; given: ReadonlyMap<string, Tensor>; options: ReturnType<typeof parse> }> {
  const options = parse(argv);
  const given = readSafetensors(await readBytes(options.inputs), options.inputs).tensors;
  const shapes = Object.fromEntries([...given].filter(([key]) => key.startsWith('in/')).map(([key, { shape }]) => [key.slice(3), shape]));
  const wrt = { has: (name: string): boolean => differentiated && (options.wrt === 'all' || options.wrt.split(',').includes(name)) };
  return { graph: specialise(decodeModel(await readBytes(options.model), options.model), { shapes, wrt }), given, options };
}

function parse(argv: string[]): { model: string; inputs: string; out: string; wrt: string; output: string[] | undefined; executor: string | undefined } {
  const { values } = parseArgs({
    args: argv,
    options: { model: { type: 'string' }, inputs: { type: 'string' }, out: { type: 'string' }, output: { type: 'string', multiple: true }, wrt: { type: 'string', default: 'all' }, executor: { type: 'string' } },
  });
  const needed = (name: 'model' | 'inputs' | 'out'): string => {
    const value = values[name];
    if (value === undefined) throw new UserError(`--${name} is missing`, '', 'Give --model M.onnx --inputs IN.safetensors --out OUT.safetensors');
    return value;
  };
  return { model: needed('model'), inputs: needed('inputs'), out: needed('out'), wrt: values.wrt, output: values.output, executor: values.executor };
}

function inputsOf(graph: Graph, given: ReadonlyMap<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map((name) => {
      const tensor = given.get(`in/${name}`);
      const type = graph.types.get(name)!;
      if (!tensor) throw new UserError(`The input ${name}, ${describe(type)}, is not in the inputs file`, '', `Add it as in/${name}`);
      return [name, cast(tensor, type.dtype)];
    }),
  );
}

/** Without a cotangent a single scalar output is differentiated. */
function unit(graph: Graph, output: string, outputs: number): Tensor {
  const type = graph.types.get(output)!;
  if (outputs > 1 || type.shape.some((dim) => dim !== 1)) throw new UserError(`The output ${output}, ${describe(type)}, has no cotangent`, '', `Add ct/${output} to the inputs file, or name a scalar by --output`);
  return cast({ dtype: 'float32', shape: type.shape, data: Float32Array.of(1) }, type.dtype);
}

async function execute(graph: Graph, inputs: Record<string, Tensor>, { model, out, executor: kind }: { model: string; out: string; executor: string | undefined }): Promise<Report> {
  const executor = await openExecutor(kind);
  const program = await executor.compile({ graphs: { main: graph }, weights: weightsBeside(model) });
  const fitted = Object.fromEntries(graph.inputs.map((name) => [name, cast(inputs[name]!, graph.types.get(name)!.dtype)]));
  const results = await program.run('main', fitted);
  const named = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name.startsWith('grad/') ? name : `out/${name}`, isFloat(tensor.dtype) ? cast(tensor, 'float32') : tensor]));
  await writeWhole(out, writeSafetensors(named));
  const gradients = Object.keys(named).filter((name) => name.startsWith('grad/')).length;
  return { executor: executor.description, outputs: Object.keys(named).length - gradients, gradients, out };
}

/** Reads weights from the model's bytes or from the files in its folder. */
function weightsBeside(model: string): WeightReader {
  return async (ref) => {
    if (ref.kind === 'bytes') return ref.bytes;
    const path = join(dirname(model), ref.location);
    const size = await stat(path).then((found) => found.size, () => -1);
    if (size < 0) throw new UserError(`The weights file ${ref.location} is not beside the model`, basename(model), 'Put it into the same folder');
    if (size < ref.offset + ref.length) throw new UserError(`The weights file ${ref.location} ends at byte ${size}, but a weight lies at ${ref.offset} to ${ref.offset + ref.length}`, basename(model), 'Download it again');
    const file = await open(path);
    try {
      const bytes = new Uint8Array(ref.length);
      await file.read(bytes, 0, ref.length, ref.offset);
      return bytes;
    } finally {
      await file.close();
    }
  };
}
