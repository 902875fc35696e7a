import { fromBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as AttributeType, ModelProtoSchema, TensorProto_DataLocation, type AttributeProto, type GraphProto, type ModelProto, type NodeProto, type TensorProto, type ValueInfoProto } from 'onnx-buf';
import { UserError } from '../ir/errors';
import type { WeightRef } from '../ir/graph';
import { bytesOf, bytesPerElement, sizeOf, tensorFrom, type DType, type Tensor } from '../ir/tensor';

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

export interface Weight {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly ref: WeightRef;
}

export interface ModelGraph {
  readonly nodes: readonly ModelNode[];
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly string[];
  readonly weights: ReadonlyMap<string, Weight>;
}

/** An ONNX file as it is, weights left in place. */
export interface Model {
  readonly file: string;
  readonly opset: number;
  readonly graph: ModelGraph;
}

// TensorProto.DataType
const DATA_TYPES: ReadonlyMap<number, DType> = new Map([
  [1, 'float32'], [2, 'uint8'], [3, 'int8'], [4, 'uint16'], [5, 'int16'], [6, 'int32'], [7, 'int64'],
  [9, 'bool'], [10, 'float16'], [11, 'float64'], [12, 'uint32'], [13, 'uint64'], [16, 'bfloat16'],
]);

/** Reads the ONNX protobuf. Throws a UserError that names `file` and the place for anything that is not a sound model. */
export function decodeModel(bytes: Uint8Array, file: string): Model {
  try {
    const proto = parse(bytes);
    const opset = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
    if (!proto.graph || !opset) throw new UserError('The file is no ONNX model: it has no graph or names no operator set', '', 'Export the model again, or pick the .onnx file');
    return { file, opset: Number(opset.version), graph: readGraph(proto.graph) };
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new UserError(`The file is no ONNX model or is cut off (${(error as Error).message})`, `${bytes.length} bytes`, 'Download or export it again');
  }
}

function readGraph(proto: GraphProto): ModelGraph {
  const weights = new Map<string, Weight>();
  for (const tensor of proto.initializer) {
    if (weights.has(tensor.name)) throw new UserError(`The initializer ${tensor.name} is there twice`, '', 'Export the model again');
    weights.set(tensor.name, readTensor(tensor));
  }
  return {
    nodes: proto.node.map(readNode),
    inputs: proto.input.filter(({ name }) => !weights.has(name)).map(readValue),
    outputs: proto.output.map(({ name }) => name),
    weights,
  };
}

function readNode(proto: NodeProto, index: number): ModelNode {
  const attributes = new Map(proto.attribute.map((attribute) => [attribute.name, readAttribute(attribute)]));
  const name = proto.name || `${proto.opType}_${index}`;
  return { name, op: proto.opType, domain: proto.domain === 'ai.onnx' ? '' : proto.domain, inputs: proto.input, outputs: proto.output, attributes };
}

function readAttribute(proto: AttributeProto): ModelAttribute {
  switch (proto.type) {
    case AttributeType.FLOAT: return proto.f;
    case AttributeType.INT: return Number(proto.i);
    case AttributeType.STRING: return new TextDecoder().decode(proto.s);
    case AttributeType.FLOATS: return proto.floats;
    case AttributeType.INTS: return proto.ints.map(Number);
    case AttributeType.STRINGS: return proto.strings.map((text) => new TextDecoder().decode(text));
    case AttributeType.TENSOR: return readTensor(proto.t!);
    case AttributeType.GRAPH: return readGraph(proto.g!);
    default: throw new UserError(`The attribute ${proto.name} has a type that is not supported (${AttributeType[proto.type] ?? proto.type})`, '', 'Export the model without it');
  }
}

function readValue(proto: ValueInfoProto): ModelValue {
  const type = proto.type?.value;
  if (type?.case !== 'tensorType') throw new UserError(`The input ${proto.name} is no tensor`, '', 'Export the model with tensor inputs only');
  const shape = (type.value.shape?.dim ?? []).map(({ value }): Dim => (value.case === 'dimValue' ? Number(value.value) : value.case === 'dimParam' ? value.value : null));
  return { name: proto.name, dtype: dtypeOf(type.value.elemType, proto.name), shape };
}

function dtypeOf(code: number, name: string): DType {
  return DATA_TYPES.get(code) ?? raise(`${name} has the element type ${code}, which is not supported`, 'Export the model in float32, float16 or integers');
}

function readTensor(proto: TensorProto): Weight {
  const dtype = dtypeOf(proto.dataType, proto.name || 'a constant');
  const shape = proto.dims.map(Number);
  return { dtype, shape, ref: readData(proto, dtype, shape) };
}

function readData(proto: TensorProto, dtype: DType, shape: readonly number[]): WeightRef {
  const size = sizeOf(shape);
  const expected = size * bytesPerElement(dtype);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return externalData(proto, dtype, expected);
  if (proto.rawData.length > 0) {
    if (proto.rawData.length !== expected) raise(`The tensor ${proto.name} of shape [${shape}] should have ${expected} bytes but has ${proto.rawData.length}`, 'The file is damaged: export it again');
    return { kind: 'bytes', dtype, bytes: proto.rawData };
  }
  const typed = typedData(proto, dtype);
  if (typed.length !== size) raise(`The tensor ${proto.name} of shape [${shape}] should have ${size} values but has ${typed.length}`, 'The file is damaged: export it again');
  return { kind: 'bytes', dtype, bytes: typedBytes(dtype, shape, typed) };
}

function typedData(proto: TensorProto, dtype: DType): readonly (number | bigint)[] {
  switch (dtype) {
    case 'float32': return proto.floatData;
    case 'float64': return proto.doubleData;
    case 'int64': return proto.int64Data;
    case 'uint64': case 'uint32': return proto.uint64Data;
    default: return proto.int32Data;
  }
}

function typedBytes(dtype: DType, shape: readonly number[], values: readonly (number | bigint)[]): Uint8Array {
  if (dtype === 'int64') return new Uint8Array(BigInt64Array.from(values as bigint[]).buffer);
  if (dtype === 'uint64') return new Uint8Array(BigUint64Array.from(values as bigint[]).buffer);
  // float16 and bfloat16 are written as their bit patterns
  if (dtype === 'float16' || dtype === 'bfloat16') return new Uint8Array(Uint16Array.from(values as number[]).buffer);
  const tensor: Tensor = tensorFrom(dtype, shape, values.map(Number));
  return bytesOf(tensor);
}

function externalData(proto: TensorProto, dtype: DType, expected: number): WeightRef {
  const entry = (key: string): string | undefined => proto.externalData.find((pair) => pair.key === key)?.value;
  const location = entry('location') ?? '';
  if (!location || /^([a-z]+:|[\\/])/i.test(location) || location.split(/[\\/]/).includes('..')) {
    raise(`The tensor ${proto.name} keeps its data in "${location}", which is not a file in the model's folder`, 'Keep the weights beside the model and export it again');
  }
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? expected);
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== expected) raise(`The tensor ${proto.name} needs ${expected} bytes but refers to ${length} at ${offset} of ${location}`, 'The file is damaged: export it again');
  return { kind: 'file', dtype, location, offset, length };
}

function raise(what: string, remedy: string): never {
  throw new UserError(what, '', remedy);
}
