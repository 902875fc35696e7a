import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType, AttributeProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, TensorProtoSchema, TensorProto_DataLocation,
  StringStringEntryProtoSchema, TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema,
  type AttributeProto, type NodeProto, type TensorProto, type ValueInfoProto,
} from 'onnx-buf';
import { unreachable } from '../ir/errors';
import type { Graph, Node, WeightRef } from '../ir/graph';
import { OPSET, type Convolution, type FunctionName, type OpAttributes, type PrimitiveName, type Reduction } from '../ir/ops';
import { bytesOf, cast, sizeOf, tensorFrom, tensorFromBytes, type DType, type Tensor, type TensorType } from '../ir/tensor';

const IR_VERSION = 10n;

// TensorProto.DataType
const CODES: { readonly [D in DType]: number } = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11, uint32: 12, uint64: 13, bfloat16: 16,
};

export interface Encoded {
  readonly model: Uint8Array;
  /** The contents of the external data file; empty when there is none. */
  readonly data: readonly Uint8Array[];
}

export interface EncodeOptions {
  readonly weights: (ref: WeightRef) => Promise<Uint8Array>;
  /** Name of the data file for the larger weights; without it everything stands in the model. */
  readonly dataFile?: string;
  /**
   * Dimensions that the file leaves open, by name: wherever a shape of the graph has exactly this number, it stands for any. No other dimension may have
   * the number, and no operator may merge or split such an axis or make it out of one of length 1.
   */
  readonly open?: Readonly<Record<string, number>>;
}

/** Weights of at least this many bytes go to the data file. */
const EXTERNAL_BYTES = 1024;

/** Functions that ONNX has an operator for. */
export const STANDARD_FUNCTIONS: ReadonlySet<FunctionName> = new Set(['Normalize'] as const);

/** Writes a graph of primitives (functions inlined but for the standard ones) as an ONNX model of operator set 20, which any ONNX runtime can run. */
export async function encodeModel(graph: Graph, { weights, dataFile, open = {} }: EncodeOptions): Promise<Encoded> {
  const symbols = new Map(Object.entries(open).map(([symbol, dim]) => [dim, symbol]));
  const writer = new Writer(graph, symbols);
  const nodes = graph.nodes.map((node) => writer.node(node));
  const data: Uint8Array[] = [];
  let offset = 0;
  const initializer: TensorProto[] = [...writer.operands];
  for (const [name, ref] of graph.initializers) {
    const { dtype, shape } = graph.types.get(name)!;
    const bytes = bytesOf(cast(tensorFromBytes(ref.dtype, shape, await weights(ref)), dtype));
    if (dataFile === undefined || bytes.length < EXTERNAL_BYTES) initializer.push(tensorProto(name, { dtype, shape }, bytes));
    else {
      initializer.push(externalProto(name, { dtype, shape }, dataFile, offset, bytes.length));
      data.push(bytes);
      offset += bytes.length;
    }
  }
  const proto = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'SeeBetter',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(OPSET) })],
    graph: create(GraphProtoSchema, {
      name: graph.name || 'graph',
      node: nodes,
      initializer,
      input: graph.inputs.map((name) => valueInfo(graph, name, symbols)),
      output: graph.outputs.map((name) => valueInfo(graph, name, symbols)),
    }),
  });
  return { model: toBinary(ModelProtoSchema, proto), data };
}

/** A list, or with a shape of its own. */
type StaticOperand = readonly [dtype: DType, values: readonly number[], shape?: readonly number[]];

type AttributeValue = number | string | readonly number[] | { readonly float: number };

interface Written {
  /** The operator, where its name is not the IR's. */
  readonly op?: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Operands that ONNX wants as tensors, after the node's own. */
  readonly operands?: readonly StaticOperand[];
  /** Which of ONNX's outputs the node's one is; the first unless said. */
  readonly output?: number;
}

const bare = (): Written => ({ attributes: {} });
const axes = ({ axes: list, keepdims }: Reduction): Written => ({ attributes: { keepdims: Number(keepdims) }, operands: [['int64', list]] });
const convolution = ({ strides, pads, dilations, group }: Convolution): Written['attributes'] => ({ strides, pads, dilations, group });

/** How each primitive's attributes are written at operator set 20. */
const WRITERS: { readonly [P in PrimitiveName | 'Normalize']: (attributes: OpAttributes[P], from: TensorType) => Written } = {
  Abs: bare, Ceil: bare, Cos: bare, Erf: bare, Exp: bare, Floor: bare, IsNaN: bare, Log: bare, Neg: bare, Not: bare, Reciprocal: bare, Relu: bare, Round: bare, Sigmoid: bare,
  Sign: bare, Sin: bare, Softplus: bare, Sqrt: bare, Tanh: bare, Add: bare, Sub: bare, Mul: bare, Div: bare, Pow: bare, Min: bare, Max: bare, And: bare, Or: bare, Equal: bare,
  Greater: bare, GreaterOrEqual: bare, Less: bare, LessOrEqual: bare, Where: bare, MatMul: bare,
  Cast: ({ to }) => ({ attributes: { to: CODES[to] } }),
  Mod: ({ fmod }) => ({ attributes: { fmod: Number(fmod) } }),
  Reshape: ({ shape }) => ({ attributes: { allowzero: Number(shape.includes(0)) }, operands: [['int64', shape]] }),
  Transpose: ({ perm }) => ({ attributes: { perm } }),
  Expand: ({ shape }) => ({ attributes: {}, operands: [['int64', shape]] }),
  // An end of -1 under a negative step means "past index 0", which ONNX writes as a number below any index.
  Slice: ({ starts, ends, steps }) => ({
    attributes: {},
    operands: [['int64', starts], ['int64', ends.map((end, i) => (steps[i]! < 0 && end < 0 ? -(2 ** 52) : end))], ['int64', starts.map((_, axis) => axis)], ['int64', steps]],
  }),
  Concat: ({ axis }) => ({ attributes: { axis } }),
  Pad: ({ pads, value }, { dtype }) => ({ attributes: { mode: 'constant' }, operands: [['int64', pads], [dtype, [value], []]] }),
  Gather: ({ axis }) => ({ attributes: { axis } }),
  GatherElements: ({ axis }) => ({ attributes: { axis } }),
  GatherND: ({ batchDims }) => ({ attributes: { batch_dims: batchDims } }),
  ScatterElements: ({ axis, reduction }) => ({ attributes: { axis, reduction } }),
  ScatterND: ({ reduction }) => ({ attributes: { reduction } }),
  ReduceSum: axes, ReduceMean: axes, ReduceMax: axes, ReduceMin: axes, ReduceProd: axes,
  ArgMax: ({ axis, keepdims, selectLastIndex }) => ({ attributes: { axis, keepdims: Number(keepdims), select_last_index: Number(selectLastIndex) } }),
  TopK: ({ axis, k, largest }) => ({ attributes: { axis, largest: Number(largest), sorted: 1 }, operands: [['int64', [k]]], output: 1 }),
  Conv: (attributes) => ({ attributes: convolution(attributes) }),
  ConvTranspose: (attributes) => ({ attributes: { ...convolution(attributes), output_padding: attributes.outputPadding } }),
  Softmax: ({ axis }) => ({ attributes: { axis } }),
  Normalize: ({ axis, epsilon }, { dtype, shape }) => {
    const normalised = shape.slice(axis);
    return { op: 'LayerNormalization', attributes: { axis, epsilon: { float: epsilon } }, operands: [[dtype, new Array<number>(sizeOf(normalised)).fill(1), normalised]] };
  },
};

class Writer {
  readonly operands: TensorProto[] = [];
  private readonly names = new Map<string, string>();

  constructor(
    private readonly graph: Graph,
    private readonly open: ReadonlyMap<number, string>,
  ) {}

  node(given: Node): NodeProto {
    const node = this.open.size ? leaveOpen(this.graph, given, this.open) : given;
    const write = (WRITERS[node.op as keyof typeof WRITERS] ?? unreachable(`${node.op} has no ONNX form`)) as (attributes: unknown, from: TensorType) => Written;
    const { op = node.op, attributes, operands = [], output = 0 } = write(node.attributes, this.graph.types.get(node.inputs[0]!)!);
    return create(NodeProtoSchema, {
      name: node.name,
      opType: op,
      input: [...node.inputs, ...operands.map((operand) => this.operand(operand))],
      output: [...Array.from({ length: output }, (_, i) => this.unread(node, i)), ...node.outputs],
      attribute: Object.entries(this.open.size && node.op === 'Reshape' ? { allowzero: 0 } : attributes).map(([name, value]) => attributeProto(name, value)),
    });
  }

  /** A name for an output of ONNX's that nobody reads. */
  private unread(node: Node, i: number): string {
    let name = `${node.outputs[0]!}/unread_${i}`;
    while (this.graph.types.has(name)) name += '_';
    return name;
  }

  /** The name of an initializer that holds a static operand; equal ones are shared. */
  private operand([dtype, values, shape = [values.length]]: StaticOperand): string {
    const key = `${dtype} ${shape.join('x')} ${values.join()}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    let name = `static_${this.names.size}`;
    while (this.graph.types.has(name)) name += '_';
    this.names.set(key, name);
    const tensor = tensorFrom(dtype, shape, values);
    this.operands.push(tensorProto(name, tensor, bytesOf(tensor)));
    return name;
  }
}

/** The node with attributes that hold whatever the open dimensions are: Reshape keeps (0) or works out (-1) one, Expand keeps it, Slice takes all of it. */
function leaveOpen(graph: Graph, node: Node, open: ReadonlyMap<number, string>): Node {
  const from = graph.types.get(node.inputs[0]!)?.shape ?? [];
  if (node.op === 'Reshape') {
    const shape = node.attributes.shape.map((dim, axis) => (!open.has(dim) ? dim : from[axis] === dim ? 0 : -1));
    if (shape.filter((dim) => dim < 0).length > 1) unreachable(`${node.name} moves several open dimensions`);
    return { ...node, attributes: { shape } };
  }
  if (node.op === 'Expand') {
    const lead = node.attributes.shape.length - from.length;
    if (node.attributes.shape.some((dim, axis) => open.has(dim) && from[axis - lead] !== dim)) unreachable(`${node.name} makes an open dimension`);
    return { ...node, attributes: { shape: node.attributes.shape.map((dim) => (open.has(dim) ? 1 : dim)) } };
  }
  return node.op === 'Slice' ? { ...node, attributes: { ...node.attributes, ends: node.attributes.ends.map((end) => (open.has(end) ? 2 ** 52 : end)) } } : node;
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function tensorProto(name: string, { dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>, rawData: Uint8Array<ArrayBuffer>): TensorProto {
  return create(TensorProtoSchema, { name, dataType: CODES[dtype], dims: shape.map(BigInt), rawData });
}

function externalProto(name: string, { dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>, location: string, offset: number, length: number): TensorProto {
  const entries = { location, offset: String(offset), length: String(length) };
  return create(TensorProtoSchema, {
    name,
    dataType: CODES[dtype],
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

function valueInfo(graph: Graph, name: string, symbols: ReadonlyMap<number, string>): ValueInfoProto {
  const { dtype, shape } = graph.types.get(name)!;
  const dim = shape.map((value) => {
    const symbol = symbols.get(value);
    return create(TensorShapeProto_DimensionSchema, { value: symbol === undefined ? { case: 'dimValue', value: BigInt(value) } : { case: 'dimParam', value: symbol } });
  });
  const tensor = create(TypeProto_TensorSchema, { elemType: CODES[dtype], shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }) });
}
