import { TensorProto_DataLocation, type TensorProto } from 'onnx-buf';
import { UserError } from '../ir/errors';
import type { WeightRef } from '../ir/graph';
import { bytesOf, bytesPerElement, sizeOf, tensorFrom, type DType } from '../ir/tensor';

export interface Weight {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly ref: WeightRef;
}

// TensorProto.DataType
const DATA_TYPES: ReadonlyMap<number, DType> = new Map([
  [1, 'float32'], [2, 'uint8'], [3, 'int8'], [4, 'uint16'], [5, 'int16'], [6, 'int32'], [7, 'int64'],
  [9, 'bool'], [10, 'float16'], [11, 'float64'], [12, 'uint32'], [13, 'uint64'], [16, 'bfloat16'],
]);

/** Names of the element types that the IR lacks, for messages. */
const FOREIGN_TYPES: ReadonlyMap<number, string> = new Map([
  [8, 'string'], [14, 'complex64'], [15, 'complex128'], [17, 'float8e4m3fn'], [18, 'float8e4m3fnuz'], [19, 'float8e5m2'], [20, 'float8e5m2fnuz'],
  [21, 'uint4'], [22, 'int4'], [23, 'float4e2m1'], [24, 'float8e8m0'], [25, 'uint2'], [26, 'int2'],
]);

const DAMAGED = 'The file is damaged: export it again';

/** The dtype of TensorProto.DataType `code`. Throws a UserError that names the type and what has it. */
export function dtypeOf(code: number, name: string): DType {
  return DATA_TYPES.get(code) ?? raise(`${name} has the element type ${FOREIGN_TYPES.get(code) ?? code}, which is not supported`, 'Export the model in float32, float16 or integers');
}

/** A constant's type and place. Throws a UserError that names the tensor if its data does not fit its shape. */
export function readTensor(proto: TensorProto, called = 'a constant'): Weight {
  const name = proto.name || called;
  const dtype = dtypeOf(proto.dataType, `The tensor ${name}`);
  const shape = proto.dims.map(Number);
  return { dtype, shape, ref: readData(proto, name, dtype, shape) };
}

function readData(proto: TensorProto, name: string, dtype: DType, shape: readonly number[]): WeightRef {
  const size = count(name, shape);
  const expected = size * bytesPerElement(dtype);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return externalData(proto, name, dtype, expected);
  if (proto.rawData.length > 0) {
    if (proto.rawData.length !== expected) raise(`The tensor ${name} of shape [${shape}] should have ${expected} bytes but has ${proto.rawData.length}`, DAMAGED);
    return { kind: 'bytes', dtype, bytes: proto.rawData };
  }
  const typed = typedData(proto, dtype);
  if (typed.length !== size) raise(`The tensor ${name} of shape [${shape}] should have ${size} values but has ${typed.length}`, DAMAGED);
  return { kind: 'bytes', dtype, bytes: typedBytes(dtype, shape, typed) };
}

function count(name: string, shape: readonly number[]): number {
  try {
    return sizeOf(shape);
  } catch {
    return raise(`The tensor ${name} cannot have the shape [${shape}]: its size is negative or more than can be counted`, DAMAGED);
  }
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
  return bytesOf(tensorFrom(dtype, shape, values.map(Number)));
}

function externalData(proto: TensorProto, name: string, dtype: DType, expected: number): WeightRef {
  const entry = (key: string): string | undefined => proto.externalData.find((pair) => pair.key === key)?.value;
  const location = entry('location') ?? '';
  if (!location || /^([a-z]+:|[\\/])/i.test(location) || location.split(/[\\/]/).includes('..')) {
    raise(`The tensor ${name} keeps its external data at the location "${location}", which is not a file in the model's folder`, 'Keep the weights beside the model and export it again');
  }
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? expected);
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== expected) raise(`The tensor ${name} needs ${expected} bytes but refers to ${length} at the offset ${entry('offset') ?? 0} of ${location}`, DAMAGED);
  return { kind: 'file', dtype, location, offset, length };
}

function raise(what: string, remedy: string): never {
  throw new UserError(what, '', remedy);
}
