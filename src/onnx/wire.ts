import type { DescMessage } from '@bufbuild/protobuf';
import { UserError } from '../ir/errors';

/** Messages inside messages: a graph inside a node's attribute adds three. What reads the file recurses this deep. */
const MOST_DEPTH = 100;

interface Open {
  readonly schema: DescMessage;
  readonly end: number;
}

/**
 * Walks a protobuf message without building anything: tags, wire types and lengths must be sound and each message must lie inside its parent.
 * Throws a UserError that names the byte. Takes no stack and skips over bulk data.
 */
export function verifyWire(bytes: Uint8Array, schema: DescMessage): void {
  const open: Open[] = [{ schema, end: bytes.length }];
  let at = 0;
  while (open.length) {
    const { schema: current, end } = open.at(-1)!;
    if (at === end) {
      open.pop();
      continue;
    }
    const start = at;
    const tag = varint(bytes, at, end);
    const [field, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    if (field === 0 || field > 2 ** 29) damaged(`A field of ${current.name} has the number ${field}, which protobuf does not have`, start);
    at = tag.next;
    if (wire === 0) at = varint(bytes, at, end).next;
    else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else if (wire === 2) {
      const length = varint(bytes, at, end);
      if (length.next + length.value > end) damaged(`A field of ${current.name} claims a length of ${length.value} bytes and runs beyond the end, ${end - length.next} bytes on: the file is truncated or damaged`, start);
      const child = fieldsOf(current).get(field)?.message;
      at = length.next + (child ? 0 : length.value);
      if (child) open.push({ schema: child, end: at + length.value });
      if (open.length > MOST_DEPTH) damaged(`Its graphs are nested more than ${Math.floor(MOST_DEPTH / 3)} deep`, start);
    } else damaged(`A field of ${current.name} has the wire type ${wire}, which ONNX does not use`, start);
    if (at > end) damaged(`A field of ${current.name} runs beyond the end: the file is truncated or damaged`, start);
  }
}

/** A varint of up to ten bytes; the value loses its low bits beyond 2^53. */
function varint(bytes: Uint8Array, start: number, end: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (start + i >= end) damaged('A number is cut off at the end: the file is truncated or damaged', start);
    const byte = bytes[start + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: start + i + 1 };
  }
  return damaged('A varint has more than ten bytes', start);
}

const known = new WeakMap<DescMessage, ReadonlyMap<number, { readonly message?: DescMessage | undefined }>>();

function fieldsOf(schema: DescMessage): ReadonlyMap<number, { readonly message?: DescMessage | undefined }> {
  const fields = known.get(schema) ?? new Map(schema.fields.map((field) => [field.number, field]));
  known.set(schema, fields);
  return fields;
}

function damaged(what: string, byte: number): never {
  throw new UserError(`This is no sound ONNX model. ${what}`, `byte ${byte}`, 'Download or export it again');
}
