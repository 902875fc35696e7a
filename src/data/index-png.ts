import { UserError } from '../ir/errors';
import type { FileEntry } from './files';

/** Whole numbers below 256, row-major [height][width]: class indices, say. */
export interface IndexMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Colour types of PNG. */
const GREY = 0;
const PALETTE = 3;
const LONGEST_SIDE = 30_000;
const REMEDY = 'Save the mask as an 8-bit PNG with a palette or of grey levels, whose numbers are the class indices';

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of an index. */
  readonly depth: number;
}

/**
 * Reads the numbers of a PNG with a palette or of grey levels of at most 8 bits, not the colours that they stand for. Browsers and picture libraries give colours
 * only, from which indices cannot be told. Rejects with a UserError that names the file and what it is instead.
 */
export async function readIndexPng(file: FileEntry): Promise<IndexMap> {
  const bytes = await file.read();
  const { header, compressed } = parse(bytes, file.path);
  const stride = Math.ceil((header.width * header.depth) / 8);
  const rows = await inflate(compressed, (stride + 1) * header.height, file.path);
  unfilter(rows, stride, header.height, file.path);
  return { width: header.width, height: header.height, data: unpack(rows, stride, header) };
}

function parse(bytes: Uint8Array<ArrayBuffer>, path: string): { header: Header; compressed: Uint8Array<ArrayBuffer>[] } {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw new UserError('The mask is no PNG', path, REMEDY);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  const compressed: Uint8Array<ArrayBuffer>[] = [];
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const start = at + 8;
    if (start + length + 4 > bytes.length) throw damaged('it is cut off', path);
    if (type === 'IHDR') header = headerAt(view, start, path);
    if (type === 'IDAT') compressed.push(bytes.subarray(start, start + length));
    if (type === 'IEND') break;
    at = start + length + 4;
  }
  if (!header || !compressed.length) throw damaged('it holds no pixels', path);
  return { header, compressed };
}

function headerAt(view: DataView, at: number, path: string): Header {
  const [width, height, depth, colour, interlaced] = [view.getUint32(at), view.getUint32(at + 4), view.getUint8(at + 8), view.getUint8(at + 9), view.getUint8(at + 12)];
  if (colour !== GREY && colour !== PALETTE) throw new UserError('The mask is of colours (RGB), not of class indices', path, REMEDY);
  if (depth > 8) throw new UserError(`The mask has ${depth} bits a pixel`, path, REMEDY);
  if (interlaced) throw new UserError('The mask is interlaced', path, 'Save it without interlacing');
  if (!width || !height || width > LONGEST_SIDE || height > LONGEST_SIDE || ![1, 2, 4, 8].includes(depth)) throw damaged(`its header gives it ${width} x ${height} pixels of ${depth} bits`, path);
  return { width, height, depth };
}

/** The pixels' rows, each with a byte for its filter before it. Stops as soon as there are more than a header allows. */
async function inflate(compressed: Uint8Array<ArrayBuffer>[], size: number, path: string): Promise<Uint8Array> {
  const rows = new Uint8Array(size);
  const reader = new Blob(compressed).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let at = 0;
  while (at < size) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw damaged(error.message, path);
    });
    if (done) throw damaged('pixels are missing', path);
    rows.set(value.subarray(0, size - at), at);
    at += value.length;
  }
  reader.cancel().catch(() => undefined);
  return rows;
}

/** Undoes PNG's filters in place; a pixel takes a byte at most, so its left neighbour is the byte before. */
function unfilter(rows: Uint8Array, stride: number, height: number, path: string): void {
  for (let y = 0; y < height; y++) {
    const at = y * (stride + 1);
    const filter = rows[at]!;
    if (filter > 4) throw damaged(`a row has the filter ${filter}`, path);
    for (let x = 1; x <= stride; x++) {
      const left = x > 1 ? rows[at + x - 1]! : 0;
      const up = y > 0 ? rows[at + x - stride - 1]! : 0;
      const corner = x > 1 && y > 0 ? rows[at + x - stride - 2]! : 0;
      rows[at + x]! += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
    }
  }
}

/** Whichever of the three is nearest to left + up - corner. */
function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

function unpack(rows: Uint8Array, stride: number, { width, height, depth }: Header): Uint8Array {
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth;
      data[i] = (rows[y * (stride + 1) + 1 + (bit >> 3)]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return data;
}

function damaged(why: string, path: string): UserError {
  return new UserError(`The mask is damaged (${why})`, path, 'Save it again, or leave it and its picture out');
}
