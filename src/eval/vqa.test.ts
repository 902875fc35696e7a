import { describe, expect, it } from 'vitest';
import type { FileEntry, FileTree } from '../data/files';
import { fileOf } from '../testing/picture-files';
import { PATTERNS } from '../data/scenes/kind';
import { compareVqa, vqaScore, type VqaItem } from './vqa';
import { readVqa } from './vqa-file';
import { sceneQuestions } from './vqa-scenes';

const item = (over: Partial<VqaItem> = {}): VqaItem => ({ picture: 0, question: 'is it red?', answer: 'yes', ...over });

describe('the score', () => {
  it('counts questions, and pairs with all of theirs right, over all and by pattern', () => {
    const items = [item({ pair: 'a', pattern: 'Color' }), item({ pair: 'a', pattern: 'Color' }), item({ pair: 'b', pattern: 'Text' }), item({ pair: 'b', pattern: 'Text' })];
    expect(vqaScore(items, [true, true, true, false])).toEqual({
      single: { right: 3, of: 4, percent: 75 },
      paired: { right: 1, of: 2, percent: 50 },
      per_pattern: {
        Color: { single: { right: 2, of: 2, percent: 100 }, paired: { right: 1, of: 1, percent: 100 } },
        Text: { single: { right: 1, of: 2, percent: 50 }, paired: { right: 0, of: 1, percent: 0 } },
      },
    });
    expect(vqaScore([item(), item()], [true, false])).toEqual({ single: { right: 1, of: 2, percent: 50 } });
  });

  it('tests pairs, or questions where there are no pairs, however many', () => {
    const pairs = [item({ pair: 'a' }), item({ pair: 'a' }), item({ pair: 'b' }), item({ pair: 'b' })];
    expect(compareVqa(pairs, [true, false, true, true], [true, true, true, true])).toMatchObject({ wrong_to_right: 1, both_right: 1 });
    const many = Array.from({ length: 3000 }, () => item());
    const { p_exact_two_sided: p } = compareVqa(many, many.map((_, i) => i % 2 === 0), many.map((_, i) => i % 2 === 1));
    expect(p).toBe(1);
    expect(compareVqa(many, many.map((_, i) => i % 5 !== 0), many.map((_, i) => i % 5 === 0 || i % 5 > 2)).p_exact_two_sided).toBeLessThan(1e-20);
  });
});

describe('questions about scenes', () => {
  const { pictures, train, test } = sceneQuestions({ scenes: 20, pairs: 4 });

  it('are as often true as not, and a pair asks the same of two pictures', () => {
    expect(train.filter(({ answer }) => answer === 'yes').length).toBe(train.length / 2);
    expect(test).toHaveLength(2 * 4 * PATTERNS.length);
    for (let i = 0; i < test.length; i += 2) {
      const [a, b] = [test[i]!, test[i + 1]!];
      expect([a.pair, a.question, a.pattern]).toEqual([b.pair, b.question, b.pattern]);
      expect([a.answer, b.answer].sort()).toEqual(['no', 'yes']);
      expect(b.picture).toBe(a.picture + 1);
    }
    expect(Math.max(...test.map(({ picture }) => picture))).toBe(pictures.length - 1);
    expect(train.every(({ picture }) => picture < 20)).toBe(true);
  });

  it('say yes where the scene has what is asked for', () => {
    for (const { picture, question, answer } of test.filter(({ pattern }) => pattern === 'Color')) {
      expect(question.endsWith(` ${pictures[picture]!.attributes.Color}?`)).toBe(answer === 'yes');
    }
  });
});

describe('a table of questions', () => {
  const file = (path: string, text = ''): FileEntry => fileOf(path, text);
  const tree = (rows: readonly object[], images: readonly string[] = ['a.png', 'b.png']): FileTree => ({ name: 'mine', files: [...images.map((path) => file(`set/${path}`)), file('set/q.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))] });
  const good = [
    { image: 'a.png', question: 'is it red?', answer: 'Yes', split: 'train' },
    { image: './a.png', question: 'is it blue?', answer: 'no', split: 'train' },
    { image: 'b.png', question: 'is it red?', answer: 'no', split: 'test', pair: 1, pattern: 'Color' },
  ];

  it('gives its pictures and both splits', async () => {
    const { pictures, train, test } = await readVqa(tree(good));
    expect(pictures.map(({ path }) => path)).toEqual(['set/a.png', 'set/b.png']);
    expect(train.map(({ answer }) => answer)).toEqual(['yes', 'no']);
    expect(test).toEqual([{ picture: 1, question: 'is it red?', answer: 'no', pair: '1', pattern: 'Color' }]);
  });

  it('is split by the pictures\' names where it does not say', async () => {
    const images = Array.from({ length: 200 }, (_, i) => `${i}.png`);
    const rows = images.flatMap((image, i) => ['red', 'blue'].map((colour) => ({ image, question: `is it ${colour}?`, answer: (i % 2 === 0) === (colour === 'red') ? 'yes' : 'no' })));
    const { train, test } = await readVqa(tree(rows, images));
    expect(train.length + test.length).toBe(400);
    expect(Math.abs(test.length - 80)).toBeLessThan(40);
    const learned = new Set(train.map(({ picture }) => picture));
    expect(test.some(({ picture }) => learned.has(picture))).toBe(false);
  });

  it.each([
    ['no table', { name: 'mine', files: [file('a.png')] }, /no table of questions.*mine/],
    ['two tables', { name: 'mine', files: [file('a.jsonl'), file('b.jsonl')] }, /2 tables/],
    ['an empty table', tree([]), /no questions.*q\.jsonl/],
    ['no JSON', { name: 'mine', files: [file('q.jsonl', 'image,question')] }, /not valid JSON.*q\.jsonl, line 1/],
    ['an answer that is neither', tree([good[0]!, { ...good[1], answer: 'maybe' }]), /"maybe".*line 2/],
    ['a missing picture', tree([...good, { ...good[0], image: 'c.png' }]), /c\.png is missing.*line 4/],
    ['half a split', tree([good[0]!, { ...good[1], split: undefined }]), /some have none.*line 2/],
    ['nothing to ask', tree(good.slice(0, 2)), /2 questions to learn from and 0 to be asked/],
    ['a picture in both', tree([...good, { ...good[0], split: 'test' }]), /both splits/],
    ['one answer only', tree([good[0]!, good[2]!]), /answered yes/],
  ])('is refused for %s', async (_, given: FileTree, message) => {
    await expect(readVqa(given)).rejects.toThrow(message);
  });
});
