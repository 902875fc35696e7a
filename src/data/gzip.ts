import { UserError } from '../ir/errors';
import type { FileEntry } from './files';
import { pieces, StreamedEntries } from './streamed';

/** Pictures hardly shrink; a file that unpacks to more than this many times its size, and more than the allowance, is a bomb. */
const MOST_RATIO = 100;
const ALLOWANCE = 16e6;
const REMEDY = 'Fetch the file again, or unpack it first';

/** Whether a file is gzip by its first bytes. */
export async function isGzip(entry: FileEntry): Promise<boolean> {
  const [a, b, method] = await entry.read(0, 3);
  return a === 0x1f && b === 0x8b && method === 8;
}

/** What a gzip file unpacks to, as a file. It is unpacked once to know its size and then as it is read: forwards quickly, backwards from the start. */
export async function gunzip(entry: FileEntry): Promise<FileEntry> {
  const damaged = (error: unknown) => new UserError(`The gzip file is damaged or incomplete (${error instanceof Error ? error.message : String(error)})`, entry.path, REMEDY);
  const size = await unpackedSize(entry, damaged);
  const unpacked = new StreamedEntries().entry(entry.path.replace(/\.gz$|(?<=\.t)gz$/i, ''), size, () => inflated(entry), damaged);
  let last: Promise<unknown> = Promise.resolve();
  // One after the other: readers that go through the file together share one pass.
  const read = (start?: number, end?: number) => {
    const result = last.then(() => unpacked.read(start, end));
    last = result.catch(() => undefined);
    return result;
  };
  return { path: unpacked.path, size, read };
}

async function unpackedSize(entry: FileEntry, damaged: (error: unknown) => UserError): Promise<number> {
  let size = 0;
  const reader = inflated(entry).getReader();
  const limit = Math.max(ALLOWANCE, entry.size * MOST_RATIO);
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw damaged(error);
    });
    if (done) return size;
    size += value.length;
    if (size > limit) {
      reader.cancel().catch(() => undefined);
      throw new UserError(`The gzip file unpacks to more than ${Math.round(limit / 1e6)} MB, ${MOST_RATIO} times its size and too large to be pictures`, entry.path, REMEDY);
    }
  }
}

function inflated(entry: FileEntry): ReadableStream<Uint8Array> {
  return pieces(entry).pipeThrough(new DecompressionStream('gzip'));
}
