import { readFileSync } from 'node:fs';
import { UserError } from '../ir/errors';
import { hasShared, shared } from './shared';

/** An entry of shared/fixtures/malformed/index.json. */
export interface MalformedCase {
  readonly file: string;
  readonly kind: string;
  readonly what: string;
  readonly expect: string;
  readonly names?: readonly string[];
  readonly names_all?: readonly string[];
  readonly also?: string;
  readonly when?: string;
  readonly role?: string;
  readonly same_as?: string;
  readonly rename?: Readonly<Record<string, string>>;
  readonly seconds?: number;
  readonly pictures?: number;
  /** Side files. */
  readonly needs?: readonly string[];
}

/** Whether a message names what the index wants: ignoring case, and names of one or two characters as whole words only. */
export function namesWhatItShould(message: string, { names, names_all: all }: MalformedCase): boolean {
  const said = (name: string): boolean => {
    const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(name.length > 2 ? pattern : `(?<!\\w)${pattern}(?!\\w)`, 'i').test(message);
  };
  return (names ?? ['']).some(said) && (all ?? []).every(said);
}

/** The corpus's entries of some kinds, or all; none without shared fixtures. */
export function malformedCases(...kinds: string[]): MalformedCase[] {
  if (!hasShared) return [];
  return (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: MalformedCase[] }).files.filter(({ kind }) => !kinds.length || kinds.includes(kind));
}

/** The name under which a person has such a file: what it is read as depends on it. */
export function droppedName({ file, kind, role }: MalformedCase): string {
  const base = file.split('/').at(-1)!;
  return kind === 'run-config' ? 'run.json' : kind === 'csv' ? 'Questions.csv' : kind === 'json' ? role!.split(' ')[0]! : base;
}

/** What is wrong with how an entry ended (error: what was thrown, undefined if it loaded), or undefined if the index allows it. */
export function objection(entry: MalformedCase, error: unknown): string | undefined {
  const also = entry.also ?? '';
  if (error === undefined) return entry.expect === 'loads' || entry.expect === 'either' || /load|either/.test(also) ? undefined : 'it loads';
  if (!(error instanceof UserError)) return `a bug: ${String(error)}`;
  if (entry.expect === 'loads' && !/clear error|either/.test(also)) return error.message;
  const base = entry.file.split('/').at(-1)!;
  if (!error.message.includes(base)) return `the file is not named: ${error.message}`;
  const named = entry.names?.some((name) => base.includes(name) && name.includes('.')) ? error.message : error.message.replaceAll(entry.file, '').replaceAll(base, '');
  return namesWhatItShould(named, entry) && !error.message.includes('\n') ? undefined : error.message;
}
