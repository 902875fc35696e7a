import Papa from 'papaparse';
import { UserError } from '../ir/errors';

export interface CsvRow {
  /** 1-based, in the file. */
  readonly line: number;
  readonly fields: readonly string[];
}

const SAVE_AGAIN = 'Save the table as csv (UTF-8)';

/**
 * The rows of a csv file that are not blank, the header among them. Separators: comma, semicolon or tab. Throws a UserError that names the line if the file is
 * empty (with `remedy`), no text or badly quoted.
 */
export function readCsv(bytes: Uint8Array, remedy: string): CsvRow[] {
  return split(decodeText(bytes, remedy));
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function decodeText(bytes: Uint8Array, remedy: string): string {
  if (!bytes.length) throw new UserError('The file is empty', '', remedy);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.startsWith('PK\u0003\u0004') && !text.includes('\0')) return text;
  } catch {
    if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw wrongEncoding(bytes);
  }
  throw new UserError('The file is no csv text but a spreadsheet, zip or other binary file', 'byte 0', SAVE_AGAIN);
}

function wrongEncoding(bytes: Uint8Array): UserError {
  const lines = new TextDecoder('latin1').decode(bytes).split('\n');
  const line = lines.findIndex((text) => !isUtf8(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  return new UserError('The text is not encoded as UTF-8', `line ${line + 1}`, SAVE_AGAIN);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function split(text: string): CsvRow[] {
  const { data, errors } = Papa.parse<string[]>(text, { delimitersToGuess: [',', ';', '\t'] });
  let line = 1;
  const rows = data.map((fields): CsvRow => {
    const row = { line, fields };
    line += 1 + fields.reduce((breaks, field) => breaks + field.split('\n').length - 1, 0);
    return row;
  });
  const quoting = errors.find(({ type }) => type === 'Quotes');
  if (quoting) throw new UserError('A quote is opened but not closed', `line ${rows[quoting.row ?? 0]?.line ?? '?'}`, 'Close the quote, or double quotes inside a quoted field');
  return rows.filter(({ fields }) => fields.some((field) => field.trim() !== ''));
}
