import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { isFloat, tensorFromBytes, type DType } from '../ir/tensor';
import type { Dim, Model, ModelNode, ModelValue, Weight } from './decode';
import { FoldingBuilder } from './fold';
import { LOWERINGS, Lowering, promoted } from './lower';

export interface Unsupported {
  readonly node: string;
  readonly op: string;
  readonly why: string;
}

export interface SpecialiseOptions {
  /** Shapes of inputs by name; an input that is not named takes 1 for every dimension that the file leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** The operators of a model that cannot be imported, all at once. */
export function unsupported(model: Model): Unsupported[] {
  return model.graph.nodes
    .filter((node) => node.domain !== '' || !LOWERINGS.has(node.op))
    .map(({ name, op, domain }) => ({ node: name, op, why: domain ? `the domain ${domain} is not known` : 'there is no rule for this operator' }));
}

/**
 * The model as an IR graph for concrete input shapes: operators upgraded and expanded, shape arithmetic folded, float16 and float64 arithmetic done in
 * float32 (weights keep their stored dtype in their WeightRef; inputs and outputs keep theirs behind a Cast). Reads no weight but integers and small constants.
 */
export function specialise(model: Model, { shapes = {} }: SpecialiseOptions = {}): Graph {
  try {
    return new Importer(model, shapes).run();
  } catch (error) {
    throw error instanceof UserError ? error.within(model.file) : error;
  }
}

class Importer {
  private readonly builder: FoldingBuilder;
  /** ONNX value -> IR value. */
  private readonly values = new Map<string, string>();

  constructor(
    private readonly model: Model,
    private readonly shapes: Readonly<Record<string, readonly number[]>>,
  ) {
    const missing = unsupported(model);
    if (missing.length) {
      const list = missing.slice(0, 5).map(({ op, node }) => `${op} (${node})`).join(', ');
      throw new UserError(`${missing.length} nodes cannot be imported: ${list}${missing.length > 5 ? ', ...' : ''}`, '', 'Export the model with standard operators');
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

  private weight(name: string, { dtype, shape, ref }: Weight): string {
    if (!isFloat(dtype) && ref.kind === 'bytes' && ref.bytes.length <= 1 << 19) return this.builder.constant(tensorFromBytes(dtype, shape, ref.bytes));
    // Scalars (1.702, sqrt(scale), bounds) steer the import and are no parameters.
    if (shape.length === 0 && ref.kind === 'bytes') return this.builder.add('Cast', [this.builder.constant(tensorFromBytes(dtype, shape, ref.bytes))], { to: promoted(dtype) });
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
    const lowered = LOWERINGS.get(node.op)!(new Lowering(this.builder, node, inputs, this.model.opset));
    const outputs = typeof lowered === 'string' ? [lowered] : lowered;
    node.outputs.forEach((name, i) => {
      if (name && outputs[i] === undefined) throw new UserError(`${node.op} has no output ${i} here`, `node ${node.name}`, 'Export the model without it');
      if (name) this.values.set(name, outputs[i]!);
    });
  }

  /** The model's output under its own name and in its own dtype. */
  private output(name: string): string {
    const value = this.values.get(name) ?? raise(`Nothing makes the output ${name}`);
    const { dtype, shape } = this.builder.type(value);
    if (this.builder.has(name)) return name;
    const stored = this.storedDtype(dtype);
    return stored === dtype ? this.builder.add('Reshape', [value], { shape }, { output: name }) : this.builder.add('Cast', [value], { to: stored }, { output: name });
  }

  /** Float16 models give float16 back. */
  private storedDtype(dtype: DType): DType {
    return dtype === 'float32' && this.model.graph.inputs.some((input) => input.dtype === 'float16') ? 'float16' : dtype;
  }
}

/** Topological order; the file's own where it is one already. */
function inOrder(nodes: readonly ModelNode[], given: ReadonlyMap<string, string>): ModelNode[] {
  const known = new Set<string>(given.keys());
  const ready = (node: ModelNode): boolean => node.inputs.every((input) => !input || known.has(input));
  const order: ModelNode[] = [];
  let waiting = [...nodes];
  while (waiting.length) {
    const later: ModelNode[] = [];
    for (const node of waiting) {
      if (!ready(node)) later.push(node);
      else {
        order.push(node);
        node.outputs.forEach((output) => known.add(output));
      }
    }
    if (later.length === waiting.length) missingValue(later[0]!, later[0]!.inputs.find((input) => input && !known.has(input))!);
    waiting = later;
  }
  return order;
}

function wording(dim: Dim): string {
  return dim === null ? '?' : String(dim);
}

function missingValue(node: ModelNode, name: string): never {
  throw new UserError(`${node.op} reads ${name}, which nothing makes (or which depends on itself)`, `node ${node.name}`, 'The file is damaged: export it again');
}

function raise(what: string): never {
  throw new UserError(what, '', 'The file is damaged: export it again');
}
