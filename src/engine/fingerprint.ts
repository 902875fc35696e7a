import type { Source } from './api';

/** Of larger files so many pieces of such a length are looked at; of more files than that only names and sizes. */
const PIECES = 16;
const PIECE_BYTES = 2 ** 18;
const MOST_READ = 100;

/** The same for the same thing chosen again: by its name, or by its files' paths, sizes and contents. */
export async function fingerprint(source: Source): Promise<string> {
  if (!('files' in source)) return JSON.stringify(source);
  const files = [...source.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts: BlobPart[] = [JSON.stringify(files.map(({ path, blob }) => [path, blob.size]))];
  // File by file: together their pieces are hundreds of megabytes.
  if (files.length <= MOST_READ) for (const { blob } of files) parts.push(await digestOf(piecesOf(blob)));
  return Array.from(new Uint8Array(await digestOf(parts)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function digestOf(parts: BlobPart[]): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
}

function piecesOf(blob: Blob): Blob[] {
  if (blob.size <= PIECES * PIECE_BYTES) return [blob];
  const distance = Math.floor((blob.size - PIECE_BYTES) / (PIECES - 1));
  return Array.from({ length: PIECES }, (_, i) => blob.slice(i * distance, i * distance + PIECE_BYTES));
}
