import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../ir/errors';
import type { FileEntry, FileTree, Skipped } from './files';
import { entryPath } from './streamed';

const REMEDY = 'Fetch the file again; a parquet file of pictures has a column `image` of {bytes, path}, as Hugging Face datasets write it';

/** A picture in a row: the layout of Hugging Face's `Image` feature. */
interface PictureCell {
  readonly bytes?: unknown;
  readonly path?: unknown;
}

/** Rows first..first+count of the file, decoded. */
interface RowGroup {
  readonly first: number;
  readonly cells: readonly PictureCell[];
}

/** Whether a file is Parquet by its first bytes. */
export async function isParquet(entry: FileEntry): Promise<boolean> {
  const [p, a, r, kind] = await entry.read(0, 4);
  return p === 0x50 && a === 0x41 && r === 0x52 && (kind === 0x31 || kind === 0x45);
}

/**
 * A parquet file of pictures as a tree: one file a row, in their order, named by its path or its row. One row group is in memory at a time; all are read once for the
 * pictures' sizes.
 */
export async function openParquet(entry: FileEntry): Promise<FileTree> {
  const table = new PictureTable(entry, await readMetadata(entry));
  const files: FileEntry[] = [];
  const skipped: Skipped[] = [];
  const taken = new Set<string>();
  for (let row = 0; row < table.rows; row++) {
    const cell = await table.cell(row);
    const { path, escapes } = entryPath(typeof cell.path === 'string' ? cell.path : '');
    const name = path && !escapes ? path : `row ${row}`;
    const unique = taken.has(name) ? `row ${row}/${name}` : name;
    taken.add(unique);
    if (!(cell.bytes instanceof Uint8Array)) {
      skipped.push({ path: unique, reason: `row ${row} has no bytes in its column ${table.column}; paths and addresses are not followed` });
      continue;
    }
    const read = async (start?: number, end?: number) => new Uint8Array(((await table.cell(row)).bytes as Uint8Array).slice(start, end));
    files.push({ path: unique, size: cell.bytes.length, read });
  }
  if (!files.length && skipped.length) throw new UserError(`The parquet file holds no picture: ${skipped[0]!.path}: ${skipped[0]!.reason}`, entry.path, REMEDY);
  return { name: entry.path, files, skipped };
}

async function readMetadata(entry: FileEntry): Promise<FileMetaData> {
  const tail = String.fromCharCode(...(await entry.read(Math.max(0, entry.size - 4))));
  if (tail === 'PARE') throw new UserError('The parquet file is encrypted', entry.path, 'Decrypt it first');
  if (tail !== 'PAR1') throw new UserError('The parquet file has no footer (PAR1 at its end): it is incomplete', entry.path, REMEDY);
  try {
    return await parquetMetadataAsync(bufferOf(entry));
  } catch (error) {
    throw new UserError(`The footer of the parquet file is damaged (${(error as Error).message})`, entry.path, REMEDY);
  }
}

/** The picture column, row by row; the row group that was read last stays. */
class PictureTable {
  readonly column: string;
  readonly rows: number;
  private readonly starts: number[] = [];
  private group: Promise<RowGroup> | undefined;
  private groupFirst = -1;

  constructor(
    private readonly entry: FileEntry,
    private readonly metadata: FileMetaData,
  ) {
    this.column = pictureColumn(metadata, entry.path);
    let rows = 0;
    for (const { num_rows: count } of metadata.row_groups) {
      this.starts.push(rows);
      rows += Number(count);
    }
    this.rows = rows;
  }

  async cell(row: number): Promise<PictureCell> {
    const index = this.starts.findLastIndex((start) => start <= row);
    const first = this.starts[index]!;
    if (this.groupFirst !== first) {
      this.groupFirst = first;
      this.group = this.read(first, this.starts[index + 1] ?? this.rows);
    }
    const { cells, first: from } = await this.group!;
    const cell = cells[row - from];
    return cell instanceof Uint8Array ? { bytes: cell } : (cell ?? {});
  }

  private async read(first: number, end: number): Promise<RowGroup> {
    try {
      const rows = await parquetReadObjects({ file: bufferOf(this.entry), metadata: this.metadata, columns: [this.column], rowStart: first, rowEnd: end, compressors, utf8: false });
      return { first, cells: rows.map((row) => row[this.column] as PictureCell) };
    } catch (error) {
      throw new UserError(`The pages of rows ${first} to ${end - 1} of the parquet file are damaged (${(error as Error).message})`, this.entry.path, REMEDY);
    }
  }
}

/** The column of structs with `bytes`, or of plain bytes. */
function pictureColumn(metadata: FileMetaData, file: string): string {
  const columns = parquetSchema(metadata).children;
  const candidates = columns.filter(({ children, element }) =>
    children.length ? children.some((child) => child.element.name === 'bytes') : element.type === 'BYTE_ARRAY' && !element.logical_type && !element.converted_type,
  );
  const chosen = candidates.find(({ element }) => element.name === 'image') ?? candidates[0];
  if (chosen) return chosen.element.name;
  const names = columns.map(({ element, children }) => `${element.name} (${children.length ? 'a struct' : element.converted_type === 'UTF8' ? 'text' : (element.type ?? 'unknown')})`);
  throw new UserError(`The parquet file has no column of pictures; its columns are ${names.join(', ') || 'none'}. Addresses are not fetched`, file, REMEDY);
}

function bufferOf(entry: FileEntry): AsyncBuffer {
  return { byteLength: entry.size, slice: async (start, end) => new Uint8Array(await entry.read(start, end)).buffer };
}
