import type { core, ZodType } from 'zod';
import { UserError } from '../ir/errors';

const FETCH_AGAIN = 'Save or download the file again';
const CORRECT = 'Correct this value in the file, or take the file from the model\'s own repository';

/**
 * Reads JSON of a given form. A byte order mark is tolerated; `__proto__` and `constructor` are keys like any other and never reach a prototype
 * (schemas that are strict refuse them). Throws a UserError that names the file, the key, its value and what was expected.
 */
export function parseJson<T>(text: string, file: string, schema: ZodType<T>, remedy = CORRECT): T {
  const value = parseText(text.replace(/^\uFEFF/, ''), file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first, ...others] = result.error.issues.map((issue) => describe(deepest(issue), value));
  throw new UserError(others.length ? `${first} (and ${others.length} more of this kind)` : first!, file, remedy);
}

function parseText(text: string, file: string): unknown {
  if (!text.trim()) throw new UserError('The file is empty, but should hold JSON', file, FETCH_AGAIN);
  if (text.trimStart().startsWith('<')) throw new UserError('The file holds a web page (HTML or XML), not JSON', file, 'Download the file itself, not the page that shows it');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(`The file is not valid JSON: ${(error as Error).message}`, file, FETCH_AGAIN);
  }
}

/** Of a union's branches, the one that got furthest: its complaint is the one that helps. */
function deepest(issue: core.$ZodIssue): core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const within = issue.errors.flat().map(deepest);
  const longest = within.reduce<core.$ZodIssue | undefined>((best, next) => (best && best.path.length >= next.path.length ? best : next), undefined);
  return longest?.path.length ? { ...longest, path: [...issue.path, ...longest.path] } : issue;
}

function describe(issue: core.$ZodIssue, root: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => keyPath([...issue.path, key])).join(', ');
    return `${keys} ${issue.keys.length > 1 ? 'are not known keys' : 'is not a known key'}`;
  }
  const subject = issue.path.length ? keyPath(issue.path) : 'The whole file';
  const value = valueAt(root, issue.path);
  const expected = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return value === undefined ? `${subject} is missing (${expected})` : `${subject} is ${show(value)}, which cannot be: ${expected}`;
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index ? '.' : ''}${String(key).slice(0, 80)}`)).join('');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A value in a few words; structures are only named, since they may be nested without end. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
