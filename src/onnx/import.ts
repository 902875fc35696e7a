import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { bytesPerElement, isFloat, sizeOf, tensorFromBytes, type TensorType } from '../ir/tensor';
import { recognise, type Names } from '../passes/recognise';
import { joinScales } from '../passes/scales';
import type { Dim, Model, ModelGraph, ModelNode, ModelValue, Weight } from './decode';
import { FoldingBuilder } from './fold';
import { LOWERINGS } from './lower/index';
import { Lowering, promoted } from './lower/lowering';

const DAMAGED = 'The file is damaged: export it again';

/** A value larger than this fits no machine: 64 GiB. */
const MOST_BYTES = 2 ** 36;

export interface Unsupported {
  readonly node: string;
  readonly op: string;
  readonly why: string;
}

export interface SpecialiseOptions {
  /** Shapes of inputs by name; an input that is not named takes 1 for every dimension that the file leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Weights whose gradient is asked for: they stay, even a scalar that would become an attribute of a function. */
  readonly wrt?: Names;
}

const NONE: ReadonlySet<string> = new Set();
const LOOPS: ReadonlySet<string> = new Set(['Loop', 'Scan']);

/** The operators of a model that cannot be imported, all at once. */
export function unsupported(model: Model): Unsupported[] {
  return model.graph.nodes.filter(({ op, domain }) => domain !== '' || !LOWERINGS.has(op)).map(refusal);
}

function refusal({ name, op, domain }: ModelNode): Unsupported {
  const why = domain ? `its domain ${domain} is not known` : LOOPS.has(op) ? 'loops are not supported' : 'there is no rule for this operator';
  return { node: name, op, why };
}

/**
 * The model as an IR graph for concrete input shapes: operators upgraded and expanded, shape arithmetic folded, float16 and float64 arithmetic done in
 * float32 (weights keep their stored dtype in their WeightRef; inputs and outputs keep theirs behind a Cast), written-out normalisations and activations
 * recognised, split scales joined. Reads no weight but integers and small constants.
 */
export function specialise(model: Model, { shapes = {}, wrt = NONE }: SpecialiseOptions = {}): Graph {
  try {
    const { weights } = model.graph;
    return recognise(joinScales(new Importer(model, shapes).run(), weights), weights, wrt);
  } catch (error) {
    throw error instanceof UserError && !error.where.startsWith(model.file) ? error.within(model.file) : error;
  }
}

class Importer {
  private readonly builder: FoldingBuilder;
  /** ONNX value -> IR value. */
  private values = new Map<string, string>();

  constructor(
    private readonly model: Model,
    private readonly shapes: Readonly<Record<string, readonly number[]>>,
  ) {
    const missing = unsupported(model);
    if (missing.length) {
      const kinds = [...new Map(missing.map((entry) => [`${entry.op} ${entry.why}`, entry])).values()];
      const list = kinds.slice(0, 20).map(({ op, node, why }) => `${op} (${node}: ${why})`).join(', ');
      throw new UserError(`${missing.length} nodes cannot be imported: ${list}${kinds.length > 20 ? ', ...' : ''}`, '', 'Export the model with standard operators');
    }
    const reserved = new Set(model.graph.nodes.flatMap((node) => node.outputs).concat(model.graph.inputs.map(({ name }) => name), [...model.graph.weights.keys()]));
    this.builder = new FoldingBuilder(model.file, undefined, reserved);
  }

  run(): Graph {
    const { graph } = this.model;
    for (const [name, weight] of graph.weights) this.values.set(name, this.weight(name, weight));
    for (const input of graph.inputs) this.values.set(input.name, this.input(input));
    for (const node of inOrder(graph.nodes, this.values)) this.lower(node);
    return this.builder.build(graph.outputs.map((output) => this.output(output)));
  }

  /** Lowers a subgraph where it stands: it sees the values around it, and its own end with it. */
  private inline(graph: ModelGraph): readonly string[] {
    const around = this.values;
    this.values = new Map(around);
    for (const [name, weight] of graph.weights) this.values.set(name, this.weight(this.builder.has(name) ? this.builder.fresh(name) : name, weight));
    for (const node of inOrder(graph.nodes, this.values)) this.lower(node);
    const outputs = graph.outputs.map((name) => this.values.get(name) ?? raise(`Nothing makes the output ${name} of a subgraph`));
    this.values = around;
    return outputs;
  }

  private weight(name: string, { dtype, shape, ref }: Weight): string {
    if (!isFloat(dtype) && ref.kind === 'bytes' && ref.bytes.length <= 1 << 19) return this.builder.constant(tensorFromBytes(dtype, shape, ref.bytes));
    return this.builder.initializer(name, { dtype: promoted(dtype), shape }, ref);
  }

  private input({ name, dtype, shape }: ModelValue): string {
    const given = this.shapes[name];
    if (given && (given.length !== shape.length || shape.some((dim, i) => typeof dim === 'number' && dim !== given[i]))) {
      throw new UserError(`The input ${name} cannot have the shape [${given}]: the model wants [${shape.map(wording)}]`, '', 'Feed the shape that the model was exported for');
    }
    const value = this.builder.input(name, { dtype, shape: given ?? shape.map((dim) => (typeof dim === 'number' ? dim : 1)) });
    return this.builder.add('Cast', [value], { to: promoted(dtype) });
  }

  private lower(node: ModelNode): void {
    const inputs = node.inputs.map((name) => (name ? (this.values.get(name) ?? missingValue(node, name)) : ''));
    const outputs = this.lowered(node, inputs);
    node.outputs.forEach((name, i) => {
      if (name && outputs[i] === undefined) throw new UserError(`${node.op} has no output ${i} here`, `node ${node.name}`, 'Export the model without it');
      if (name) this.values.set(name, outputs[i]!);
    });
  }

  private lowered(node: ModelNode, inputs: readonly string[]): readonly string[] {
    try {
      const lower = (node.domain === '' && LOWERINGS.get(node.op)) || raise(`${node.op} cannot be imported: ${refusal(node).why}`);
      const lowered = lower(new Lowering(this.builder, node, inputs, { opset: this.model.opset, inline: (graph) => this.inline(graph) }));
      const outputs = typeof lowered === 'string' ? [lowered] : lowered;
      for (const output of outputs) verifySize(this.builder.type(output));
      return outputs;
    } catch (error) {
      throw error instanceof UserError && !error.where.includes(`node ${node.name}`) ? error.within(`${node.op} node ${node.name}`) : error;
    }
  }

  /** The model's output under its own name and in its own dtype. */
  private output(name: string): string {
    const value = this.values.get(name) ?? raise(`Nothing makes the output ${name}`);
    const { dtype, shape } = this.builder.type(value);
    const declared = this.model.graph.declared.get(name);
    if (declared && promoted(declared.dtype) !== promoted(dtype)) raise(`The model says that its output ${name} is ${declared.dtype}, but its nodes make ${dtype}`);
    if (this.builder.has(name)) return name;
    const stored = declared?.dtype ?? dtype;
    return stored === dtype ? this.builder.add('Reshape', [value], { shape }, { output: name }) : this.builder.add('Cast', [value], { to: stored }, { output: name });
  }
}

/** Topological order; the file's own where it is one already. */
function inOrder(nodes: readonly ModelNode[], given: ReadonlyMap<string, string>): ModelNode[] {
  const readers = new Map<string, number[]>();
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const lacking = nodes.map((node, at) => {
    const wanted = new Set(node.inputs.filter((name) => name && !given.has(name)));
    for (const name of wanted) {
      if (!made.has(name)) throw new UserError(`${node.op} reads ${name}, which nothing makes`, `node ${node.name}`, DAMAGED);
      (readers.get(name) ?? readers.set(name, []).get(name)!).push(at);
    }
    return wanted.size;
  });
  const order: ModelNode[] = [];
  const done = new Set<number>();
  const ready: number[] = [];
  const take = (at: number): void => {
    order.push(nodes[at]!);
    done.add(at);
    for (const name of nodes[at]!.outputs) for (const reader of readers.get(name) ?? []) if (--lacking[reader]! === 0) ready.push(reader);
  };
  nodes.forEach((_, at) => {
    if (lacking[at] === 0 && !done.has(at)) take(at);
    // Readers that lie ahead are met in their turn; those behind have waited for this node.
    for (let reader = ready.pop(); reader !== undefined; reader = ready.pop()) if (reader <= at) take(reader);
  });
  const stuck = nodes.find((_, at) => !done.has(at));
  if (stuck) throw new UserError(`${stuck.op} depends on its own output: the graph has a cycle`, `node ${stuck.name}`, DAMAGED);
  return order;
}

function verifySize({ dtype, shape }: TensorType): void {
  const bytes = sizeOf(shape) * bytesPerElement(dtype);
  if (bytes > MOST_BYTES) throw new UserError(`Its result, ${dtype} of shape [${shape}], would take ${(bytes / 2 ** 30).toFixed(0)} GiB of memory`, '', 'Export the model for smaller inputs');
}

function wording(dim: Dim): string {
  return dim === null ? '?' : String(dim);
}

function missingValue(node: ModelNode, name: string): never {
  throw new UserError(`${node.op} reads ${name}, which nothing makes`, `node ${node.name}`, DAMAGED);
}

function raise(what: string): never {
  throw new UserError(what, '', DAMAGED);
}
