import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasShared, shared } from '../testing/shared';
import { malformedCases, objection } from '../testing/malformed';
import { parseQuestions } from './questions';
import { PATTERNS } from './score';

const rows = PATTERNS.flatMap(({ name }, at) => Array.from({ length: 30 }, (_, i) => `${30 * at + i + 1},${name},Statement ${30 * at + i + 1}.`));
const table = (...lines: string[]): Uint8Array => new TextEncoder().encode(['Question ID,Type,Statement', ...lines].join('\n'));

describe('a table of statements', () => {
  it('is ordered by id', () => {
    const questions = parseQuestions(table(...[...rows].reverse()), 'q.csv');
    expect(questions[0]).toEqual({ id: 1, pattern: 'Orientation', statement: 'Statement 1.' });
    expect(questions[269]).toEqual({ id: 270, pattern: 'Camera Perspective', statement: 'Statement 270.' });
  });

  it('counts lines through quoted line breaks', () => {
    const broken = rows.with(0, '1,Orientation,"two\nlines"').with(1, '2,Orientation');
    expect(() => parseQuestions(table(...broken), 'q.csv')).toThrow(/2 fields.*q\.csv, line 4\./);
  });

  it('takes ids from file names', () => {
    const text = ['file_name,label,text', ...rows.map((row) => row.replace(/^(\d+),([^,]+)/, 'Folder/$1.jpg,$2'))].join('\n');
    expect(parseQuestions(new TextEncoder().encode(text), 'metadata.csv')).toHaveLength(270);
  });
});

describe.skipIf(!hasShared)('variants of the table', () => {
  const expected = hasShared ? (JSON.parse(readFileSync(shared('mmvp-mini/variants/expected.json'), 'utf8')) as Record<string, { statements?: Record<string, string> }>) : {};
  const read = (file: string): Uint8Array => readFileSync(shared(`mmvp-mini/${file}`));
  const plain = hasShared ? parseQuestions(read('Questions.csv'), 'Questions.csv') : [];

  it.each(Object.keys(expected).filter((name) => name.endsWith('.csv')))('%s says the same', (name) => {
    const statements = expected[name]!.statements ?? {};
    expect(parseQuestions(read(`variants/${name}`), name)).toEqual(plain.map((question) => ({ ...question, statement: statements[question.id] ?? question.statement })));
  });
});

describe.skipIf(!hasShared)('malformed tables', () => {
  it.each(malformedCases('csv'))('$file: $what', (entry) => {
    let error: unknown;
    try {
      parseQuestions(readFileSync(shared(`malformed/${entry.file}`)), entry.file);
    } catch (thrown) {
      error = thrown;
    }
    expect(objection(entry, error)).toBeUndefined();
  });
});
