import { UserError } from '../ir/errors';
import { quoted, readCsv, type CsvRow } from './csv';
import { PAIRS, PAIRS_PER_PATTERN, PATTERNS } from './score';

export interface Question {
  /** 1 to 270; odd: the first picture of a pair. */
  readonly id: number;
  /** The pattern's short name. */
  readonly pattern: string;
  readonly statement: string;
}

const REMEDY = 'Use the Questions.csv of the MMVP_VLM dataset';
const IDS = 2 * PAIRS;

/** Column names of MMVP's own table and of a Hugging Face image folder's metadata.csv, whose ids stand in the file names. */
const DIALECTS = [
  { id: 'Question ID', type: 'Type', statement: 'Statement' },
  { id: 'file_name', type: 'label', statement: 'text' },
] as const;

/** MMVP's table of statements, ordered by id and checked: 270 ids, 15 pairs for each of the nine patterns. Throws a UserError that names `file` and the line. */
export function parseQuestions(bytes: Uint8Array, file: string): Question[] {
  try {
    const [header, ...rows] = readCsv(bytes, REMEDY);
    const columns = columnsOf(header?.fields ?? []);
    if (!rows.length) refuse(`There are no rows, but ${IDS} are needed`, 'line 1');
    const questions = rows.map((row) => question(row, columns, header!.fields.length)).sort((a, b) => a.id - b.id);
    verifyIds(questions);
    verifyPatterns(questions);
    return questions;
  } catch (error) {
    throw error instanceof UserError ? error.within(file) : error;
  }
}

/** The short name of a pattern given by its short or long name in any case. */
export function patternNamed(text: string): string | undefined {
  const wanted = text.trim().toLowerCase();
  return PATTERNS.find(({ name, long }) => name.toLowerCase() === wanted || long.toLowerCase() === wanted)?.name;
}

type Columns = Readonly<Record<'id' | 'type' | 'statement', number>>;

function columnsOf(header: readonly string[]): Columns {
  const names = header.map((name) => name.trim().toLowerCase());
  const dialect = names.includes('file_name') ? DIALECTS[1] : DIALECTS[0];
  const at = (name: string): number => {
    const column = names.indexOf(name.toLowerCase());
    return column >= 0 ? column : refuse(`There is no column "${name}" among ${header.length} (${header.slice(0, 6).map(quoted).join(', ')})`, 'line 1', `The columns must be named ${Object.values(dialect).join(', ')}`);
  };
  return { id: at(dialect.id), type: at(dialect.type), statement: at(dialect.statement) };
}

function question({ line, fields }: CsvRow, columns: Columns, width: number): Question {
  const where = `line ${line}`;
  if (fields.length < width || fields.slice(width).some(Boolean)) refuse(`The row has ${fields.length} fields where the header has ${width}`, where, 'Quote statements that hold a separator');
  const name = fields[columns.id]!.trim();
  const text = /([^/\\]*)\.[a-z]+$/i.exec(name)?.[1] ?? name;
  const id = Number(text);
  if (!/^\d+$/.test(text) || id < 1 || id > IDS) refuse(`The id ${quoted(name)} is no whole number from 1 to ${IDS}`, where);
  const type = fields[columns.type]!;
  const pattern = patternNamed(type) ?? refuse(`The type ${quoted(type)} is none of MMVP's (${PATTERNS.map((known) => known.name).join(', ')})`, where);
  const statement = fields[columns.statement]!.trim() || refuse(`The statement of id ${id} is empty`, where);
  return { id, pattern, statement };
}

function verifyIds(questions: readonly Question[]): void {
  const ids = questions.map(({ id }) => id);
  const twice = ids.find((id, i) => ids[i - 1] === id);
  if (twice !== undefined) refuse(`The id ${twice} is there twice`, '');
  const known = new Set(ids);
  const missing = Array.from({ length: IDS }, (_, i) => i + 1).filter((id) => !known.has(id));
  if (missing.length) refuse(`There are ${ids.length} rows, not ${IDS}: the id ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', ...' : ''} is missing`, '');
}

function verifyPatterns(questions: readonly Question[]): void {
  for (let i = 0; i < questions.length; i += 2) {
    const [first, second] = [questions[i]!, questions[i + 1]!];
    if (first.pattern !== second.pattern) refuse(`The ids ${first.id} and ${second.id} are a pair but have the types ${first.pattern} and ${second.pattern}`, '');
  }
  for (const { name } of PATTERNS) {
    const pairs = questions.filter(({ pattern }) => pattern === name).length / 2;
    if (pairs !== PAIRS_PER_PATTERN) refuse(`The type ${name} has ${pairs} pairs, not ${PAIRS_PER_PATTERN}`, '');
  }
}

function refuse(what: string, where: string, remedy = REMEDY): never {
  throw new UserError(what, where, remedy);
}
