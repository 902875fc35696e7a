import { float16 as half } from './half';
import { UserError, unreachable } from './errors';

export const DTYPES = [
  'float32', 'float16', 'bfloat16', 'float64',
  'int8', 'int16', 'int32', 'int64',
  'uint8', 'uint16', 'uint32', 'uint64',
  'bool',
] as const;
export type DType = (typeof DTYPES)[number];

export type TypedArray =
  | Float32Array | Float64Array
  | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** Element type and concrete shape; a scalar's shape is []. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A dense, row-major host tensor. float16 and bfloat16 hold their bit patterns (Uint16Array), bool holds 0 or 1 (Uint8Array). */
export interface Tensor extends TensorType {
  readonly data: TypedArray;
}

type ArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
};

const ARRAYS: { readonly [D in DType]: ArrayConstructor } = {
  float32: Float32Array, float16: Uint16Array, bfloat16: Uint16Array, float64: Float64Array,
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  bool: Uint8Array,
};

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
}

export function bytesPerElement(dtype: DType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape, in safe-integer arithmetic. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) throw new UserError(`A tensor cannot have the shape [${shape}]`, '', 'Give every dimension as a whole number that is not negative');
    size *= dim;
  }
  if (!Number.isSafeInteger(size)) throw new UserError(`The shape [${shape}] has more elements than can be counted`, '', 'Use smaller dimensions');
  return size;
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export function zeros(dtype: DType, shape: readonly number[]): Tensor {
  return { dtype, shape, data: new ARRAYS[dtype](sizeOf(shape)) };
}

/** A tensor over little-endian bytes; copies only if they are not aligned. */
export function tensorFromBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const size = sizeOf(shape);
  const array = ARRAYS[dtype];
  if (bytes.byteLength !== size * array.BYTES_PER_ELEMENT) {
    throw new UserError(`A ${dtype} tensor of shape [${shape}] takes ${size * array.BYTES_PER_ELEMENT} bytes, but ${bytes.byteLength} are there`, '', 'The file is damaged or truncated: fetch or export it again');
  }
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return { dtype, shape, data: new array(aligned.buffer, aligned.byteOffset, size) };
}

export function bytesOf(tensor: Tensor): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Rounds or converts numbers to a dtype. Integers outside the dtype's range wrap as in C; NaN becomes 0. */
export function tensorFrom(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const tensor = zeros(dtype, shape);
  if (values.length !== tensor.data.length) unreachable(`${values.length} values for the shape [${shape}]`);
  const { data } = tensor;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = toBigInt(value);
    else if (dtype === 'float16') data[i] = half.toBits(value);
    else if (dtype === 'bfloat16') data[i] = half.toBrainBits(value);
    else if (dtype === 'bool') data[i] = value ? 1 : 0;
    else data[i] = value;
  }
  return tensor;
}

/** The tensor's values as numbers (int64 beyond 2^53 loses its low bits). */
export function toNumbers(tensor: Tensor): Float64Array {
  const { data, dtype } = tensor;
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    out[i] = dtype === 'float16' ? half.fromBits(value as number) : dtype === 'bfloat16' ? half.fromBrainBits(value as number) : Number(value);
  }
  return out;
}

export function cast(tensor: Tensor, dtype: DType): Tensor {
  return tensor.dtype === dtype ? tensor : tensorFrom(dtype, tensor.shape, toNumbers(tensor));
}

export function describe(type: TensorType | undefined): string {
  return type ? `${type.dtype}[${type.shape.join(',')}]` : 'absent';
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

function toBigInt(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= 2 ** 63) return INT64_MAX;
  if (value <= -(2 ** 63)) return INT64_MIN;
  return BigInt(Math.trunc(value));
}
