import { Reader, ZipReader, type Entry, type FileEntry as ZipEntry } from '@zip.js/zip.js';
import { UserError } from '../ir/errors';
import { byPath, type FileEntry, type FileTree, type Skipped } from './files';
import { entryPath, pieces, StreamedEntries } from './streamed';

/** Compression methods of the zip format that can be undone here. */
const STORED = 0;
const DEFLATED = 8;

const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x504b0304;

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
  const reader = new ZipReader(new EntryReader(entry), { filenameValidation: 'tolerant' });
  const streams = new StreamedEntries();
  const files: FileEntry[] = [];
  const skipped: Skipped[] = [];
  const taken = new Set<string>();
  const offsets = new Set<number>();
  for (const item of await directory(reader, entry)) {
    if (item.directory || item.filename.startsWith('__MACOSX/')) continue;
    const { path, escapes } = entryPath(item.filename);
    const reason = escapes ? 'its path leads out of the archive' : taken.has(path) ? 'another entry of the archive has the same path' : offsets.has(item.offset) ? 'it overlaps another entry' : obstacle(item);
    if (reason) skipped.push({ path, reason });
    else files.push(streams.entry(path, item.uncompressedSize, () => contents(item, entry), (error) => damaged(error, path, entry.path)));
    taken.add(path);
    offsets.add(item.offset);
  }
  if (!files.length && skipped.length) throw new UserError(`Nothing in the archive can be read: ${skipped[0]!.path}: ${skipped[0]!.reason}`, entry.path, REPACK);
  return { name: entry.path, files: files.sort(byPath), skipped };
}

/** zip.js reads the directory through this; sizes and offsets come from the archive and are clamped to the file. */
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
      if (item.offset < 0) throw new Error(`${entryPath(item.filename).path} begins ${-item.offset} bytes before the file does: the start of the archive is missing`);
    }
    return entries;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`This is not a zip archive, or its directory is damaged or incomplete (${(error as Error).message})`, entry.path, REPACK);
  }
}

function obstacle(item: ZipEntry): string | undefined {
  if (item.encrypted) return 'it is encrypted with a password';
  return item.compressionMethod === STORED || item.compressionMethod === DEFLATED ? undefined : `it is packed with compression method ${item.compressionMethod}, which is not supported`;
}

/** Where an entry's packed bytes begin: after its local header, whose name and extra field may differ in length from the directory's. */
async function dataStart(item: ZipEntry, archive: FileEntry): Promise<number> {
  const header = await archive.read(item.offset, item.offset + LOCAL_HEADER);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length < LOCAL_HEADER || view.getUint32(0) !== LOCAL_SIGNATURE) throw new Error('its local header is not where the directory says');
  return item.offset + LOCAL_HEADER + view.getUint16(26, true) + view.getUint16(28, true);
}

/** The unpacked bytes; a wrong checksum is an error at their end. */
async function contents(item: ZipEntry, archive: FileEntry): Promise<ReadableStream<Uint8Array>> {
  const start = await dataStart(item, archive);
  const packed = pieces(archive, start, start + item.compressedSize);
  const unpacked: ReadableStream<Uint8Array> = item.compressionMethod === STORED ? packed : packed.pipeThrough(new DecompressionStream('deflate-raw'));
  let crc = ~0;
  return unpacked.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (let i = 0; i < chunk.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ chunk[i]!) & 0xff]!;
        controller.enqueue(chunk);
      },
      flush() {
        if (~crc >>> 0 !== item.crc32) throw new Error('its checksum (CRC-32) is wrong');
      },
    }),
  );
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function damaged(error: unknown, path: string, archive: string): UserError {
  return new UserError(`${path} in the archive is damaged: ${error instanceof Error ? error.message : String(error)}`, archive, REPACK);
}
