import { z } from 'zod';
import type { FileEntry, FileTree } from '../data/files';
import { parseJson } from '../data/json';
import { UserError } from '../ir/errors';
import type { VqaItem, VqaItems } from './vqa';

const rowSchema = z.object({
  /** Path from the table's folder. */
  image: z.string().min(1).transform((path) => path.replace(/^\.\//, '')),
  question: z.string().trim().min(1),
  answer: z.string().trim().toLowerCase().pipe(z.enum(['yes', 'no'])),
  split: z.enum(['train', 'test']).optional(),
  pair: z.union([z.string(), z.number()]).transform(String).optional(),
  pattern: z.string().optional(),
});
type Row = z.infer<typeof rowSchema>;

/** Of pictures without a split, so many in a hundred are asked about. */
const TESTED = 20;

/**
 * Questions about a person's own pictures: one table of JSON lines `{image, question, answer: yes|no}` in the tree, with `split` (train, test) on every line or
 * on none: then a hash of the picture's name decides. `pair` (lines that count together) and `pattern` may be there.
 * Throws a UserError that names the file and the line.
 */
export async function readVqa(tree: FileTree): Promise<VqaItems & { readonly pictures: readonly FileEntry[] }> {
  const tables = tree.files.filter(({ path }) => /\.jsonl$/i.test(path));
  const [table] = tables;
  if (!table || tables.length > 1) throw new UserError(`There ${table ? `are ${tables.length} tables of questions` : 'is no table of questions'}`, tree.name, 'Give a folder with one .jsonl file, each line {"image": "a.jpg", "question": "is it red?", "answer": "yes"}, and its pictures');
  const rows = parseRows(new TextDecoder().decode(await table.read()), table.path);
  const pictures: FileEntry[] = [];
  const places = new Map<string, number>();
  const base = table.path.includes('/') ? table.path.slice(0, table.path.lastIndexOf('/') + 1) : '';
  for (const { image, line } of rows) {
    if (places.has(image)) continue;
    const file = tree.files.find(({ path }) => path === base + image);
    if (!file) throw new UserError(`The picture ${image} is missing`, `${table.path}, line ${line}`, 'Put it beside the table, or correct its path, which is counted from the table\'s folder');
    places.set(image, pictures.push(file) - 1);
  }
  const part = (wanted: Row['split']): VqaItem[] => rows.filter((row) => splitOf(row) === wanted).map(({ image, question, answer, pair, pattern }) => ({ picture: places.get(image)!, question, answer, ...(pair !== undefined && { pair }), ...(pattern !== undefined && { pattern }) }));
  const [train, test] = [part('train'), part('test')];
  verifySplits(train, test, table.path);
  return { pictures, train, test };
}

function parseRows(text: string, file: string): (Row & { readonly line: number })[] {
  const rows = text.split('\n').map((line, i) => ({ line: i + 1, text: line })).filter(({ text: words }) => words.trim() !== '')
    .map(({ line, text: words }) => ({ ...parseJson(words, `${file}, line ${line}`, rowSchema), line }));
  const [first] = rows;
  if (!first) throw new UserError('There are no questions', file, 'Add lines like {"image": "a.jpg", "question": "is it red?", "answer": "yes"}');
  const odd = rows.find(({ split }) => (split === undefined) !== (first.split === undefined));
  if (odd) throw new UserError('Some lines have a split and some have none', `${file}, line ${odd.line}`, 'Give a split on every line or on none');
  return rows;
}

function splitOf({ split, image }: Row): 'train' | 'test' {
  return split ?? (checksum(image) % 100 < TESTED ? 'test' : 'train');
}

function verifySplits(train: readonly VqaItem[], test: readonly VqaItem[], file: string): void {
  if (!train.length || !test.length) throw new UserError(`There are ${train.length} questions to learn from and ${test.length} to be asked`, file, 'Add pictures, or say which are which by "split": "train" or "test"');
  const learned = new Set(train.map(({ picture }) => picture));
  if (test.some(({ picture }) => learned.has(picture))) throw new UserError('A picture is in both splits, so that its answers could be learned by heart', file, 'Put all questions about a picture into one split');
  const [first] = train;
  if (train.every(({ answer }) => answer === first!.answer)) throw new UserError(`All questions to learn from are answered ${first!.answer}`, file, 'Add questions with the other answer');
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function checksum(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}
