import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { UserError } from '../ir/errors';
import { hasShared, shared } from '../testing/shared';
import { loadTokenizer, parseTokenizer } from './tokenizer';

interface Case { text: string; ids: number[]; padded77?: number[]; padded64?: number[] }

const folders = ['clip-tiny-legacy', 'clip-tiny-dynamo', 'siglip-tiny', 'sd-tiny/tokenizer'];

describe.skipIf(!hasShared).each(folders)('the tokenizer of %s', (folder) => {
  const cases = hasShared ? (JSON.parse(readFileSync(shared(`models/${folder}/tokenizer_cases.json`), 'utf8')) as Case[]) : [];

  it.each(cases)('gives the ids of transformers for "$text"', async ({ text, ids, padded77, padded64 }) => {
    const tokenizer = await loadTokenizer(await openPath(shared(`models/${folder}`)));
    const padded = (padded77 ?? padded64)!;
    expect(tokenizer.length).toBe(padded.length);
    expect(tokenizer.encode(text)).toEqual(padded);
    expect(tokenizer.encode(text, ids.length)).toEqual(ids);
  });
});

describe.skipIf(!hasShared)('vocab.json and merges.txt', () => {
  it('stand in for tokenizer.json', async () => {
    const tree = await openPath(shared('models/clip-tiny-legacy'));
    const tokenizer = await loadTokenizer({ ...tree, files: tree.files.filter(({ path }) => path !== 'tokenizer.json') });
    const cases = JSON.parse(readFileSync(shared('models/clip-tiny-legacy/tokenizer_cases.json'), 'utf8')) as Case[];
    for (const { text, padded77 } of cases) expect(tokenizer.encode(text), text).toEqual(padded77);
  });
});

const bpe = (change: object): string => JSON.stringify({ model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'], ...change } });

describe('parseTokenizer', () => {
  it('cuts to the length and keeps the end token', () => {
    const post = { type: 'TemplateProcessing', single: [{ Sequence: { id: 'A' } }, { SpecialToken: { id: '.' } }], pair: [], special_tokens: { '.': { id: '.', ids: [9], tokens: ['.'] } } };
    const source = JSON.stringify({ model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }, post_processor: post, added_tokens: [{ id: 9, content: '.' }] });
    const tokenizer = parseTokenizer(source, 'tokenizer.json', { length: 4 });
    expect(tokenizer.encode('abbabb')).toEqual([0, 1, 1, 9]);
    expect(tokenizer.encode('a')).toEqual([0, 9, 9, 9]);
  });

  it.each([
    ['a merge of unknown tokens', bpe({ merges: ['q z'] }), /tokenizer\.json/],
    ['an unknown kind', bpe({ type: 'Psychic' }), /Psychic/],
    ['a vocabulary that is a list', bpe({ vocab: ['a'] }), /vocab/],
  ])('refuses %s', (_, source, message) => {
    expect(() => parseTokenizer(source, 'tokenizer.json')).toThrow(UserError);
    expect(() => parseTokenizer(source, 'tokenizer.json')).toThrow(message);
  });

  it('names a padding token that is not there', () => {
    expect(() => parseTokenizer(bpe({}), 'tokenizer.json', { length: 4, pad: '<pad>' })).toThrow(/<pad>/);
  });
});
