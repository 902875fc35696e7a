import { UserError } from '../ir/errors';
import type { FileEntry, FileTree, Skipped } from './files';
import { entryPath } from './streamed';

const BLOCK = 512;
/** The longest name or list of attributes that may stand before an entry. */
const MOST_NAME_BYTES = 1_000_000;
const REMEDY = 'Fetch or pack the archive again, or unpack it and choose the folder';

const FILES = new Set(['0', '\0', '7']);
const ATTRIBUTES = new Set(['x', 'L', 'g', 'K']);

interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** POSIX's typeflag: '0' a file, '5' a folder, 'x' attributes and 'L' a long name of the next entry, others links and devices. */
  readonly type: string;
}

/** Whether a file begins with a tar header, by its checksum. */
export async function isTar(entry: FileEntry): Promise<boolean> {
  const block = await entry.read(0, BLOCK);
  return block.length === BLOCK && block.some((byte) => byte !== 0) && checksumHolds(block);
}

/** A tar archive (webdataset shards are such) as a tree: in its own order; only headers are read, entries are ranges of the file. */
export async function openTar(archive: FileEntry): Promise<FileTree> {
  const files: FileEntry[] = [];
  const skipped: Skipped[] = [];
  const taken = new Set<string>();
  let named: { path?: string; size?: number } = {};
  for (let at = 0; at < archive.size; ) {
    const header = parseHeader(await archive.read(at, at + BLOCK), at, archive.path);
    if (!header) break;
    const { path, escapes } = entryPath(named.path ?? header.name);
    const size = named.size ?? header.size;
    const start = at + BLOCK;
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (start + size > archive.size) {
      skipped.push({ path, reason: `the archive is truncated: ${size} bytes are stated, ${archive.size - start} are there` });
      break;
    }
    if (ATTRIBUTES.has(header.type)) {
      if (size > MOST_NAME_BYTES) throw new UserError(`The attributes of an entry take ${size} bytes`, archive.path, REMEDY);
      named = { ...named, ...attributes(header.type, await archive.read(start, start + size)) };
      continue;
    }
    named = {};
    if (header.type === '5') continue;
    const reason = escapes ? 'its path leads out of the archive' : !FILES.has(header.type) ? 'it is a link or a device, not a file' : taken.has(path) ? 'another entry of the archive has the same path' : undefined;
    if (reason) skipped.push({ path, reason });
    else files.push({ path, size, read: (from = 0, to = size) => archive.read(start + Math.min(from, size), start + Math.min(to, size)) });
    taken.add(path);
  }
  if (!files.length) throw new UserError(skipped.length ? `Nothing in the tar archive can be read: ${skipped[0]!.path}: ${skipped[0]!.reason}` : 'The tar archive is empty', archive.path, REMEDY);
  return { name: archive.path, files, skipped };
}

/** Undefined at the block of zeros that ends an archive. */
function parseHeader(block: Uint8Array, at: number, archive: string): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (block.length < BLOCK || !checksumHolds(block)) throw new UserError(`This is no tar archive, or it is damaged: the checksum of the header at byte ${at} is wrong`, archive, REMEDY);
  const name = text(block, 0, 100);
  const prefix = text(block, 257, 5) === 'ustar' ? text(block, 345, 155) : '';
  const size = number(block, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw new UserError(`The size of ${name} in the tar archive is not a number`, archive, REMEDY);
  return { name: prefix ? `${prefix}/${name}` : name, size, type: String.fromCharCode(block[156]!) };
}

/** The sum of a header's bytes, its own field taken as spaces. */
function checksumHolds(block: Uint8Array): boolean {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  return sum === number(block, 148, 8);
}

/** Octal digits, or base 256 where the first bit is set (GNU, for sizes from 8 GB on); NaN for anything else. */
function number(block: Uint8Array, at: number, length: number): number {
  if (block[at]! & 0x80) return block.subarray(at + 1, at + length).reduce((value, byte) => value * 256 + byte, 0);
  const digits = text(block, at, length).trim();
  return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
}

/** What an attribute entry says of the next entry: pax records "<length> <key>=<value>\n", or GNU's long name. */
function attributes(type: string, bytes: Uint8Array): { path?: string; size?: number } {
  if (type === 'L') return { path: text(bytes, 0, bytes.length) };
  if (type !== 'x') return {};
  const found: { path?: string; size?: number } = {};
  for (const [, key, value] of new TextDecoder().decode(bytes).matchAll(/\d+ ([^=\n]+)=([^\n]*)\n/g)) {
    if (key === 'path') found.path = value!;
    if (key === 'size' && /^\d{1,15}$/.test(value!)) found.size = Number(value);
  }
  return found;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
