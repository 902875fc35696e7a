import { parseArgs } from 'node:util';
import { gradient } from '../autodiff/gradient';
import { plan, type PlanLimits } from '../compile/plan';
import { multiplyAdds } from '../intake/cost';
import { parameterCount, portsOf } from '../intake/onnx';
import { countBy, gradientReach, type Reach } from '../intake/reach';
import { smallGraph, type Shapes } from '../intake/sizes';
import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { isFloat } from '../ir/tensor';
import { decodeModel, type Model } from '../onnx/decode';
import { unsupported, type Unsupported } from '../onnx/import';
import { readBytes } from './files';

/** The least that WebGPU promises: the plan's memory must hold for any adapter. */
const LIMITS: PlanLimits = { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 10, f16: false, software: false };

interface Inspection {
  /** Elements of all floating weights. */
  readonly parameters: number;
  readonly nodes: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly inputs: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly (number | string | null)[] }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly (number | string | null)[] }[];
  /** Forward: 2 per multiply-add of matrix products and convolutions. Null where operators are not supported. */
  readonly gflop: number | null;
  readonly unsupported: readonly Unsupported[];
  readonly differentiable: Reach;
  readonly memory_bytes: { readonly weights: number; readonly inference: number; readonly training: number } | null;
}

/** `inspect MODEL [--shape name=1x3x32x32]... [--wrt parameters|NAME,...]`: operators, sizes, cost. The weights' file may be absent; nothing is run, whatever --executor says. */
export async function inspect(argv: string[]): Promise<Inspection> {
  const { values, positionals } = parseArgs({ args: argv, options: { shape: { type: 'string', multiple: true, default: [] }, wrt: { type: 'string', default: 'parameters' }, executor: { type: 'string' } }, allowPositionals: true });
  const [path, another] = positionals;
  if (path === undefined || another !== undefined) throw new UserError('inspect takes one model', another ?? '', 'Give inspect MODEL.onnx [--shape name=1x3x32x32]...');
  const model = decodeModel(await readBytes(path), path);
  const wanted = wantedValues(model, values.wrt);
  const facts = {
    parameters: parameterCount(model),
    nodes: model.graph.nodes.length,
    operators: countBy(model.graph.nodes.map(({ op, domain }) => (domain ? `${domain}.${op}` : op))),
    unsupported: unsupported(model),
    differentiable: gradientReach(model, wanted),
  };
  if (facts.unsupported.length) return { ...facts, inputs: model.graph.inputs, outputs: [...model.graph.declared.values()], gflop: null, memory_bytes: null };
  const graph = concrete(model, shapesOf(model, values.shape));
  return { ...facts, inputs: portsOf(graph, graph.inputs), outputs: portsOf(graph, graph.outputs), gflop: (2 * multiplyAdds(graph)) / 1e9, memory_bytes: memory(graph, wanted) };
}

function concrete(model: Model, given: Shapes): Graph {
  const graph = smallGraph(model, given);
  if (graph) return graph;
  const inputs = model.graph.inputs.map(({ name, shape }) => `${name} [${shape.map((dim) => dim ?? '?').join(', ')}]`).join(', ');
  throw new UserError(`No sizes were found for which the shapes of ${inputs} fit together`, model.file, 'Name them, as in --shape pixel_values=1x3x224x224');
}

/** `name=1x3x32x32`; a name may hold "=". */
function shapesOf({ graph }: Model, given: readonly string[]): Shapes {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, dims] = /^(.*)=(\d+(?:x\d+)*|)$/s.exec(text) ?? [];
      if (name === undefined || dims === undefined) throw new UserError(`--shape ${text} is no shape`, '', 'Write it as name=1x3x32x32');
      if (!graph.inputs.some((input) => input.name === name)) throw new UserError(`The model has no input ${name}`, `--shape ${text}`, `Use one of ${graph.inputs.map((input) => input.name).join(', ')}`);
      return [name, dims ? dims.split('x').map(Number) : []];
    }),
  );
}

/** Parameters are the floating weights but for scalars, which exporters write for constants. */
function wantedValues({ graph, file }: Model, wrt: string): string[] {
  if (wrt === 'parameters') return [...graph.weights].flatMap(([name, { dtype, shape }]) => (isFloat(dtype) && shape.length > 0 ? [name] : []));
  const names = wrt.split(',');
  const strange = names.find((name) => !graph.weights.has(name) && !graph.inputs.some((input) => input.name === name));
  if (strange !== undefined) throw new UserError(`The model has no input or weight ${strange}`, file, `Give --wrt parameters, or some of ${graph.inputs.map(({ name }) => name).join(', ')} and the weights`);
  return names;
}

/** Bytes of the weights on the device, and of the plan's arena for a forward run and for one with the gradients of `wanted`. */
function memory(graph: Graph, wanted: readonly string[]): { weights: number; inference: number; training: number } {
  const forward = plan(graph, new Set(), LIMITS).memory;
  const floats = graph.outputs.filter((name) => isFloat(graph.types.get(name)!.dtype));
  const known = wanted.filter((name) => graph.types.has(name));
  const training = known.length && floats.length ? plan(gradient(graph, known, floats), new Set(), LIMITS).memory.arena : forward.arena;
  return { weights: forward.weights, inference: forward.arena, training };
}
