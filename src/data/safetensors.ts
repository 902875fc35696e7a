import { UserError } from '../ir/errors';
import { bytesOf, bytesPerElement, tensorFromBytes, type DType, type Tensor } from '../ir/tensor';

/** Named tensors and free-form metadata, as in https://github.com/huggingface/safetensors. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const CODES: Readonly<Record<string, DType>> = {
  F32: 'float32', F16: 'float16', BF16: 'bfloat16', F64: 'float64', I8: 'int8', I16: 'int16', I32: 'int32', I64: 'int64',
  U8: 'uint8', U16: 'uint16', U32: 'uint32', U64: 'uint64', BOOL: 'bool',
};
const NAMES = new Map(Object.entries(CODES).map(([code, dtype]) => [dtype, code]));

/** The format's own bound on the header. */
const MOST_HEADER_BYTES = 100_000_000;

/** Reads a safetensors file; the tensors are views of `bytes` where alignment allows. Throws a UserError that names `file` and the tensor. */
export function readSafetensors(bytes: Uint8Array, file: string): TensorFile {
  try {
    const { header, data } = split(bytes);
    const metadata = new Map<string, string>();
    const tensors = new Map<string, Tensor>();
    let end = 0;
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
    for (const [key, value] of Object.entries((header['__metadata__'] ?? {}) as object)) metadata.set(key, String(value));
    const placed = entries.map(([name, entry]) => ({ name, ...place(name, entry) })).sort((a, b) => a.start - b.start || a.end - b.end);
    for (const { name, dtype, shape, start, end: stop } of placed) {
      if (start !== end) refuse(`The data of ${name} ${start < end ? 'overlaps that of another tensor' : 'leaves a gap before it'}`, `byte ${start}`);
      if (stop > data.length) refuse(`The data of ${name} ends at byte ${stop}, but only ${data.length} are there`, name);
      tensors.set(name, tensorFromBytes(dtype, shape, data.subarray(start, stop)));
      end = stop;
    }
    if (end !== data.length) refuse(`${data.length - end} bytes at the end belong to no tensor`, `byte ${end}`);
    return { tensors, metadata };
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

/** Writes tensors in the order of their names; the same tensors give the same bytes. */
export function writeSafetensors(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort();
  // No prototype: a tensor may be called __proto__.
  const header = Object.create(null) as Record<string, unknown>;
  if (Object.keys(metadata).length) header['__metadata__'] = metadata;
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    header[name] = { dtype: NAMES.get(dtype), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(text, 8);
  let at = 8 + padded;
  for (const name of names) {
    const bytes = bytesOf(tensors[name]!);
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

function split(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) refuse(bytes.length ? `The file is too short: ${bytes.length} bytes, where the header's length alone takes 8 bytes` : 'The file is empty', '');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MOST_HEADER_BYTES || 8 + length > bytes.length) refuse(`The header claims ${length} bytes, but the file has ${bytes.length}`, 'byte 0');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    refuse(`The header is no JSON (${(error as Error).message})`, 'byte 8');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) refuse('The header is no JSON object', 'byte 8');
  return { header: header as Record<string, unknown>, data: bytes.subarray(8 + length) };
}

function place(name: string, entry: unknown): { dtype: DType; shape: number[]; start: number; end: number } {
  const { dtype: code, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const dtype = typeof code === 'string' && Object.hasOwn(CODES, code) ? CODES[code]! : refuse(`${name} has the dtype ${JSON.stringify(code)}, which is not supported`, name);
  if (!isCounts(shape)) refuse(`${name} has no valid shape`, name);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) refuse(`${name} has no valid data_offsets`, name);
  const [start, end] = offsets as [number, number];
  const expected = shape.reduce((product, dim) => product * dim, bytesPerElement(dtype));
  if (!Number.isSafeInteger(expected)) refuse(`${name} has the shape [${shape}], which is larger than any file`, name);
  if (end - start !== expected) refuse(`${name}, ${dtype} of shape [${shape}], takes ${expected} bytes, but its data_offsets span ${end - start}`, name);
  return { dtype, shape, start, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function refuse(what: string, where: string): never {
  throw new UserError(what, where, 'The file is damaged or was written wrongly: fetch or save it again');
}
