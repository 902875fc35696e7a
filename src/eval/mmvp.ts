import type { FileEntry, FileTree } from '../data/files';
import { misplaced } from '../data/layouts';
import type { DecodePicture } from '../data/pictures';
import { preprocess } from '../data/processor';
import { UserError } from '../ir/errors';
import type { Tensor } from '../ir/tensor';
import type { ClipReader } from './embed';
import { parseQuestions, patternNamed, type Question } from './questions';
import { PATTERNS } from './score';

export interface MmvpPair {
  /** 1-based: pair n holds the ids 2n-1 and 2n. */
  readonly number: number;
  readonly pattern: string;
  readonly statements: readonly [string, string];
  readonly pictures: readonly [FileEntry, FileEntry];
}

export interface Mmvp {
  readonly name: string;
  /** Ordered by number. */
  readonly pairs: readonly MmvpPair[];
  /** What is missing, in words. */
  readonly warnings: readonly string[];
}

const PICTURE = /(?:^|\/)([^/]+)\/(\d+)\.(?:jpe?g|png|webp|bmp)$/i;

/** Pairs whose pictures are decoded and held at a time. */
const PAIRS_AT_ONCE = 8;

/**
 * Finds MMVP-VLM in a tree: the table of statements and the pictures <any folder>/<Type>/<id>.jpg. Pairs and patterns follow ids and types, never the order of
 * rows or files. A pair that lacks a picture is left out with a warning. Rejects with a UserError if there is no table or no pair of a pattern.
 */
export async function loadMmvp(tree: FileTree, questions: FileEntry = tableIn(tree)): Promise<Mmvp> {
  const table = parseQuestions(await questions.read(), questions.path);
  const pictures = picturesIn(tree);
  const missing: Question[] = [];
  const pairs: MmvpPair[] = [];
  for (let i = 0; i < table.length; i += 2) {
    const pair = [table[i]!, table[i + 1]!] as const;
    const [first, second] = pair.map((question) => pictures.get(key(question.pattern, question.id)));
    if (first && second) pairs.push({ number: i / 2 + 1, pattern: pair[0].pattern, statements: [pair[0].statement, pair[1].statement], pictures: [first, second] });
    missing.push(...pair.filter((question) => !pictures.has(key(question.pattern, question.id))));
  }
  const empty = PATTERNS.find(({ name }) => !pairs.some(({ pattern }) => pattern === name));
  if (empty) throw new UserError(`There is no complete pair of pictures of the type ${empty.name}`, tree.name, `Add the folder "MLLM_VLM Images" with the pictures ${empty.name}/<Question ID>.jpg`);
  return { name: tree.name, pairs, warnings: missing.length ? [warning(missing, pairs.length, table.length / 2)] : [] };
}

/**
 * Similarities of captions ('a photo of ' + statement, as the official script words them) and pictures.
 * @returns [pairs, caption 2, image 2]: dot products of unit vectors
 */
export async function mmvpSimilarities(
  { pairs }: Mmvp,
  { processor, encoder }: ClipReader,
  decode: DecodePicture,
  onProgress?: (done: number, total: number) => void,
): Promise<Float32Array> {
  const similarities = new Float32Array(4 * pairs.length);
  for (let at = 0; at < pairs.length; at += PAIRS_AT_ONCE) {
    onProgress?.(at, pairs.length);
    const some = pairs.slice(at, at + PAIRS_AT_ONCE);
    const pixels: Tensor[] = [];
    for (const file of some.flatMap(({ pictures }) => pictures)) pixels.push(preprocess(await decode(file), processor));
    const images = await encoder.images(pixels);
    const texts = await encoder.texts(some.flatMap(({ statements }) => statements.map((statement) => `a photo of ${statement}`)));
    some.forEach((_, pair) => {
      for (let caption = 0; caption < 2; caption++) {
        for (let image = 0; image < 2; image++) similarities[4 * (at + pair) + 2 * caption + image] = dot(texts[2 * pair + caption]!, images[2 * pair + image]!);
      }
    });
  }
  onProgress?.(pairs.length, pairs.length);
  return similarities;
}

/** Questions.csv, or an image folder's metadata.csv; the one nearest to the root. */
function tableIn(tree: FileTree): FileEntry {
  const { name, files } = tree;
  const named = (wanted: string): FileEntry | undefined =>
    files.filter(({ path }) => path.slice(path.lastIndexOf('/') + 1).toLowerCase() === wanted).sort((a, b) => a.path.split('/').length - b.path.split('/').length)[0];
  const table = named('questions.csv') ?? named('metadata.csv');
  if (table) return table;
  const converted = files.some(({ path }) => /\.parquet$/i.test(path));
  throw misplaced(tree, 'mmvp') ?? new UserError(converted ? 'The parquet conversion holds no statements: Questions.csv is missing' : 'Questions.csv, with the statements, is missing', name, 'Add it from the MMVP_VLM dataset');
}

function picturesIn({ files }: FileTree): Map<string, FileEntry> {
  const pictures = new Map<string, FileEntry>();
  for (const file of files) {
    const [, folder, id] = PICTURE.exec(file.path) ?? [];
    const pattern = folder && patternNamed(folder);
    if (pattern && !pictures.has(key(pattern, Number(id)))) pictures.set(key(pattern, Number(id)), file);
  }
  return pictures;
}

function key(pattern: string, id: number): string {
  return `${pattern}/${id}`;
}

function warning(missing: readonly Question[], pairs: number, of: number): string {
  const named = missing.slice(0, 5).map(({ id, pattern }) => `${id}.jpg (${pattern})`).join(', ');
  const many = missing.length > 1;
  return `The picture${many ? 's' : ''} ${named}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''} ${many ? 'are' : 'is'} missing: ${pairs} of ${of} pairs count`;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
