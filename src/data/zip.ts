import { Reader, ZipReader, type Entry, type FileEntry as ZipEntry } from '@zip.js/zip.js';
import { UserError } from '../ir/errors';
import { byPath, type FileEntry, type FileTree, type Skipped } from './files';
import { entryPath, StreamedEntries } from './streamed';

/** Compression methods of the zip format that can be undone here: stored and deflated. */
const METHODS = new Set([0, 8]);

/** More entries than any sensible archive has; a directory that lists more is refused before it is held in memory. */
const MOST_ENTRIES = 1_000_000;

const REPACK = 'Fetch the archive again, or unpack it and choose the folder';

/** Whether a file is a zip archive by its first bytes. */
export async function isZip(entry: FileEntry): Promise<boolean> {
  const [p, k, a, b] = await entry.read(0, 4);
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6) || (a === 7 && b === 8));
}

/**
 * A zip archive as a tree: the directory is read at once, entries as streams when they are wanted, never trusting the sizes it states.
 * Entries that are encrypted, unknown to us or that name a path outside the archive are skipped; when nothing else is left, that is an error.
 */
export async function openZip(entry: FileEntry): Promise<FileTree> {
  const reader = new ZipReader(new EntryReader(entry), { filenameValidation: 'tolerant', checkCrc32: true, useWebWorkers: false });
  const streams = new StreamedEntries();
  const files: FileEntry[] = [];
  const skipped: Skipped[] = [];
  const taken = new Set<string>();
  for (const item of await directory(reader, entry)) {
    if (item.directory || item.filename.startsWith('__MACOSX/')) continue;
    const { path, escapes } = entryPath(item.filename);
    const reason = escapes ? 'its path leads out of the archive' : taken.has(path) ? 'another entry of the archive has the same path' : obstacle(item);
    if (reason) skipped.push({ path, reason });
    else files.push(streams.entry(path, item.uncompressedSize, () => contents(item), (error) => damaged(error, path, entry.path)));
    taken.add(path);
  }
  if (!files.length && skipped.length) throw new UserError(`Nothing in the archive can be read: ${skipped[0]!.path}: ${skipped[0]!.reason}`, entry.path, REPACK);
  return { name: entry.path, files: files.sort(byPath), skipped };
}

/** zip.js reads through this; sizes and offsets come from the archive and are clamped to the file. */
class EntryReader extends Reader<FileEntry> {
  constructor(private readonly entry: FileEntry) {
    super(entry);
    this.size = entry.size;
  }

  override readUint8Array(index: number, length: number): Promise<Uint8Array> {
    return this.entry.read(index, index + length);
  }
}

async function directory(reader: ZipReader<unknown>, entry: FileEntry): Promise<Entry[]> {
  try {
    const entries: Entry[] = [];
    for await (const item of reader.getEntriesGenerator()) {
      if (entries.push(item) > MOST_ENTRIES) throw new Error(`more than ${MOST_ENTRIES} entries`);
    }
    return entries;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`This is not a zip archive, or its directory is damaged or incomplete (${(error as Error).message})`, entry.path, REPACK);
  }
}

function obstacle(item: ZipEntry): string | undefined {
  if (item.encrypted) return 'it is encrypted with a password';
  return METHODS.has(item.compressionMethod) ? undefined : `it is packed with compression method ${item.compressionMethod}, which is not supported`;
}

/** The unpacked bytes; failures of any kind arrive at whoever reads them. */
function contents(item: ZipEntry): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  item.getData(writable).catch((error: unknown) => writable.abort(error).catch(() => undefined));
  return readable;
}

function damaged(error: unknown, path: string, archive: string): UserError {
  return new UserError(`${path} in the archive is damaged: ${error instanceof Error ? error.message : String(error)}`, archive, REPACK);
}
