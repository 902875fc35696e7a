import { z } from 'zod';
import { openArchive } from '../data/archive';
import type { FileEntry, FileTree } from '../data/files';
import { parseJson } from '../data/json';
import { examinePicture, type DecodePicture } from '../data/pictures';
import { UserError } from '../ir/errors';
import { quoted, readCsv } from './csv';
import type { RetrievalSet } from './retrieval';

const REMEDY = 'Give a csv (file,caption), a metadata.jsonl ({"file_name": ..., "text": ...}) or webdataset shards (.jpg and .txt of one name)';
const FILE_COLUMNS = ['file', 'file_name', 'filename', 'filepath', 'image', 'path'];
const TEXT_COLUMNS = ['caption', 'text', 'captions', 'title'];
const PICTURE = /\.(jpe?g|png|webp|gif|bmp|avif)$/i;

/** A caption, the path that its picture is given by, and where it stands, for messages. */
interface Said {
  readonly path: string;
  readonly text: string;
  readonly where: string;
}

/**
 * Pictures with captions, one or several each, as
 * - a csv with a header: columns file and caption (or file_name and text, as Hugging Face has them), a row a caption;
 * - jsonl: lines {"file_name": ..., "text": ...}, whose text may be a list;
 * - webdataset shards or a folder: <key>.jpg and <key>.txt, a line a caption.
 * Paths are relative to the table. Rejects with a UserError if a caption lacks its picture or a picture its caption.
 *
 * @param table the csv or jsonl; by default the one of the tree, if there is one
 */
export async function readCaptions(tree: FileTree, decode: DecodePicture, table: FileEntry | undefined = tableIn(tree)): Promise<RetrievalSet> {
  const all = await withShards(tree);
  const said = table ? await saidIn(table) : await pairsIn(all);
  if (!said.length) throw new UserError('There are no captions', table?.path ?? tree.name, REMEDY);
  const files = new Map(all.files.map((file) => [file.path, file]));
  const indices = new Map<string, number>();
  const captions = said.map(({ path, text, where }) => {
    if (!text) throw new UserError(`The caption of ${path} is empty`, where, 'Write a caption, or remove the line and the picture');
    if (!files.has(path)) throw new UserError(`The picture ${path} of the caption ${quoted(text)} is missing`, where, 'Add the picture, or remove the caption; paths are relative to the table');
    if (!indices.has(path)) indices.set(path, indices.size);
    return { text, picture: indices.get(path)! };
  });
  const pictures = [...indices.keys()].map((path) => files.get(path)!);
  await verifyPictures(pictures, all, table);
  return { name: tree.name, nature: 'pictures and captions', captions, pictures: pictures.map((file) => ({ name: file.path, load: () => decode(file) })) };
}

/** The csv or jsonl nearest to the root. */
function tableIn({ name, files }: FileTree): FileEntry | undefined {
  const depth = (file: FileEntry): number => file.path.split('/').length;
  const tables = files.filter(({ path }) => /\.(csv|tsv|jsonl)$/i.test(path)).sort((a, b) => depth(a) - depth(b));
  const [first, second] = tables;
  if (first && second && depth(first) === depth(second)) throw new UserError(`There are several tables: ${tables.slice(0, 4).map(({ path }) => path).join(', ')}`, name, 'Name one of them instead of the folder, or remove the others');
  return first;
}

/** The tree with what its tar files hold, each under the shard's name. */
async function withShards(tree: FileTree): Promise<FileTree> {
  const files: FileEntry[] = [];
  for (const file of tree.files) {
    const shard = /\.tar(\.gz)?$/i.test(file.path) ? await openArchive(file) : undefined;
    if (!shard) files.push(file);
    else files.push(...shard.files.map((entry) => ({ path: `${file.path}/${entry.path}`, size: entry.size, read: (start?: number, end?: number) => entry.read(start, end) })));
  }
  return { ...tree, files };
}

async function saidIn(table: FileEntry): Promise<Said[]> {
  const folder = table.path.slice(0, table.path.lastIndexOf('/') + 1);
  const bytes = await table.read();
  const said = /\.jsonl$/i.test(table.path) ? saidInLines(bytes, table.path) : saidInCsv(bytes, table.path);
  return said.map((one) => ({ ...one, path: folder + one.path.trim().replaceAll('\\', '/').replace(/^(\.\/)+/, ''), text: one.text.trim() }));
}

function saidInCsv(bytes: Uint8Array, file: string): Said[] {
  try {
    const [header, ...rows] = readCsv(bytes, REMEDY);
    if (!header) throw new UserError('The table is empty', '', REMEDY);
    const names = header.fields.map((name) => name.trim().toLowerCase());
    const column = (known: readonly string[]): number => {
      const found = names.findIndex((name) => known.includes(name));
      if (found >= 0) return found;
      throw new UserError(`There is no column "${known[0]}" among ${header.fields.slice(0, 6).map(quoted).join(', ')}`, 'line 1', `Begin the table with the line: ${FILE_COLUMNS[0]},${TEXT_COLUMNS[0]}`);
    };
    const [path, text] = [column(FILE_COLUMNS), column(TEXT_COLUMNS)];
    if (!rows.length) throw new UserError('There are no rows under the header', 'line 1', 'Add a row for each caption');
    return rows.map(({ line, fields }) => {
      if (fields.length !== names.length) throw new UserError(`The row has ${fields.length} fields where the header has ${names.length}`, `line ${line}`, 'Quote captions that hold a separator');
      return { path: fields[path]!, text: fields[text]!, where: `${file}, line ${line}` };
    });
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

function saidInLines(bytes: Uint8Array, file: string): Said[] {
  const row = z.object({ file_name: z.string().min(1), text: z.union([z.string(), z.array(z.string()).min(1)]) });
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.flatMap((line, i) => {
    if (!line.trim()) return [];
    const where = `${file}, line ${i + 1}`;
    const { file_name: path, text } = parseJson(line, where, row);
    return [text].flat().map((one) => ({ path, text: one, where }));
  });
}

/** webdataset: files that have a path up to the first dot of their name in common belong together. */
async function pairsIn({ name, files }: FileTree): Promise<Said[]> {
  const keyOf = (path: string): string => path.slice(0, path.indexOf('.', path.lastIndexOf('/') + 1));
  const pictures = new Map(files.filter(({ path }) => PICTURE.test(path)).map(({ path }) => [keyOf(path), path]));
  const texts = files.filter(({ path }) => /\.txt$/i.test(path) && !/(^|\/)(readme|licen[cs]e)\.txt$/i.test(path));
  if (!pictures.size && !texts.length) throw new UserError('There are no pictures with captions', name, REMEDY);
  const said: Said[] = [];
  for (const text of texts) {
    const lines = new TextDecoder().decode(await text.read()).split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    const path = pictures.get(keyOf(text.path));
    if (!path) throw new UserError(`The caption ${text.path} has no picture of the same name`, name, 'Add the picture, or remove the caption');
    said.push(...(lines.length ? lines : ['']).map((line) => ({ path, text: line, where: text.path })));
  }
  return said;
}

/** Every picture there is has a caption, and every file that has one is a picture. */
async function verifyPictures(pictures: readonly FileEntry[], { name, files }: FileTree, table: FileEntry | undefined): Promise<void> {
  const told = new Set(pictures);
  const silent = files.filter((file) => PICTURE.test(file.path) && !told.has(file));
  if (silent.length) throw new UserError(`${silent.length === 1 ? 'A picture has no caption' : `${silent.length} pictures have no captions`}: ${silent.slice(0, 3).map(({ path }) => path).join(', ')}${silent.length > 3 ? ', ...' : ''}`, table?.path ?? name, 'Add captions for them, or remove them');
  for (const file of pictures) {
    const verdict = await examinePicture(file);
    if (verdict.status !== 'image') throw new UserError(`The file is ${verdict.status === 'ignored' ? 'no picture' : verdict.reason}`, file.path, 'Replace it, or remove it and its captions');
  }
}
