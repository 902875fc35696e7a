import { fromBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as AttributeType, ModelProtoSchema, type AttributeProto, type GraphProto, type ModelProto, type NodeProto, type TypeProto_Tensor, type ValueInfoProto } from 'onnx-buf';
import { UserError } from '../ir/errors';
import type { DType } from '../ir/tensor';
import { FunctionExpander } from './functions';
import { dtypeOf, readTensor, type Weight } from './tensors';
import { verifyWire } from './wire';

export type { Weight } from './tensors';

const DAMAGED = 'The file is damaged: export it again';

/** A dimension as the file states it: a number, a symbol, or null where nothing is said. */
export type Dim = number | string | null;

export interface ModelValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

export type ModelAttribute = number | string | readonly number[] | readonly string[] | Weight | ModelGraph;

export interface ModelNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, ModelAttribute>;
}

export interface ModelGraph {
  readonly nodes: readonly ModelNode[];
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly string[];
  /** What the file says of the outputs; those that it says nothing of are absent. */
  readonly declared: ReadonlyMap<string, ModelValue>;
  readonly weights: ReadonlyMap<string, Weight>;
}

/** An ONNX file as it is, weights left in place. */
export interface Model {
  readonly file: string;
  readonly opset: number;
  readonly graph: ModelGraph;
}

/** Operator sets that are understood. */
const OPSETS = { oldest: 1, newest: 28 };

/** Reads the ONNX protobuf. Throws a UserError that names `file` and the place for anything that is not a sound model. */
export function decodeModel(bytes: Uint8Array, file: string): Model {
  try {
    refuseForeign(bytes);
    verifyWire(bytes, ModelProtoSchema);
    const proto = parse(bytes);
    if (!proto.graph) throw new UserError('The ONNX file has no graph', '', 'Export the model again');
    const functions = new FunctionExpander(proto.functions);
    functions.verify(proto.graph.node);
    return { file, opset: opsetOf(proto), graph: readGraph(proto.graph, functions) };
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

/** What people have instead of a model, told by the first bytes. */
function refuseForeign(bytes: Uint8Array): void {
  const fetchAgain = 'Download the .onnx file itself';
  if (!bytes.length) throw new UserError('The file is empty', '', fetchAgain);
  const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  if (head.startsWith('<')) throw new UserError('The file is a web page (HTML), not an ONNX model', '', `Log in where the model is gated, and download the .onnx file itself`);
  if (head.startsWith('version https://git-lfs')) throw new UserError('The file is a Git LFS pointer, not the ONNX model it stands for', '', 'Run git lfs pull, or download the file from the hub');
}

function opsetOf({ opsetImport }: ModelProto): number {
  const found = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!found) throw new UserError('The model names no opset (operator set)', '', 'Export the model again');
  const opset = Number(found.version);
  if (opset < OPSETS.oldest || opset > OPSETS.newest) throw new UserError(`The model is of opset ${opset}; supported are ${OPSETS.oldest} to ${OPSETS.newest}`, '', 'Export the model for opset 17 or 20');
  return opset;
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new UserError(`The file is no sound ONNX model (${(error as Error).message})`, `${bytes.length} bytes`, 'Download or export it again');
  }
}

function readGraph(proto: GraphProto, functions: FunctionExpander): ModelGraph {
  const weights = new Map<string, Weight>();
  for (const tensor of proto.initializer) {
    if (weights.has(tensor.name)) throw new UserError(`The initializer ${tensor.name} is there twice`, '', DAMAGED);
    weights.set(tensor.name, readTensor(tensor));
  }
  const [sparse] = proto.sparseInitializer;
  if (sparse) throw new UserError(`The initializer ${sparse.values?.name ?? ''} is sparse, which is not supported`, '', 'Export the model with dense weights');
  const graph: ModelGraph = {
    nodes: functions.expand(proto.node).map((node, i) => readNode(node, i, functions)),
    inputs: proto.input.filter(({ name }) => !weights.has(name)).map(readInput),
    outputs: proto.output.map(({ name }) => name),
    declared: new Map(proto.output.flatMap((output) => (output.type?.value.case === 'tensorType' && output.type.value.value.elemType ? [[output.name, readValue(output, output.type.value.value)]] : []))),
    weights,
  };
  verifyNames(graph);
  return graph;
}

/** Every value is made once, and something is asked for. */
function verifyNames({ nodes, inputs, outputs, weights }: ModelGraph): void {
  if (!outputs.length) throw new UserError('The graph has no outputs', '', DAMAGED);
  const made = new Set(weights.keys());
  if (made.has('') || inputs.some(({ name }) => !name) || outputs.includes('')) throw new UserError('An input, an initializer or an output of the graph has no name', '', DAMAGED);
  const make = (name: string, where: string): void => {
    if (name && made.has(name)) throw new UserError(`The value ${name} is made twice`, where, DAMAGED);
    made.add(name);
  };
  for (const { name } of inputs) make(name, 'input');
  for (const node of nodes) for (const name of node.outputs) make(name, `node ${node.name}`);
}

function readNode(proto: NodeProto, index: number, functions: FunctionExpander): ModelNode {
  const name = proto.name || `${proto.opType}_${index}`;
  const attributes = new Map(proto.attribute.map((attribute) => [attribute.name, readAttribute(attribute, name, functions)]));
  return { name, op: proto.opType, domain: proto.domain === 'ai.onnx' ? '' : proto.domain, inputs: proto.input, outputs: proto.output, attributes };
}

function readAttribute(proto: AttributeProto, node: string, functions: FunctionExpander): ModelAttribute {
  switch (proto.type) {
    case AttributeType.FLOAT: return proto.f;
    case AttributeType.INT: return Number(proto.i);
    case AttributeType.STRING: return new TextDecoder().decode(proto.s);
    case AttributeType.FLOATS: return proto.floats;
    case AttributeType.INTS: return proto.ints.map(Number);
    case AttributeType.STRINGS: return proto.strings.map((text) => new TextDecoder().decode(text));
    case AttributeType.TENSOR: if (proto.t) return readTensor(proto.t, `of the attribute ${proto.name} of node ${node}`); break;
    case AttributeType.GRAPH: if (proto.g) return readGraph(proto.g, functions); break;
  }
  throw new UserError(`The attribute ${proto.name} has a type that is not supported (${AttributeType[proto.type] ?? proto.type})`, `node ${node}`, 'Export the model without it');
}

function readInput(proto: ValueInfoProto): ModelValue {
  const type = proto.type?.value;
  if (type?.case !== 'tensorType') throw new UserError(`The input ${proto.name} is no tensor`, '', 'Export the model with tensor inputs only');
  return readValue(proto, type.value);
}

/** A dimension below 0 says nothing, as some exporters write it. */
function readValue({ name }: ValueInfoProto, { elemType, shape }: TypeProto_Tensor): ModelValue {
  const dims = (shape?.dim ?? []).map(({ value }): Dim => (value.case === 'dimValue' && value.value >= 0n ? Number(value.value) : value.case === 'dimParam' ? value.value : null));
  return { name, dtype: dtypeOf(elemType, `The value ${name}`), shape: dims };
}
