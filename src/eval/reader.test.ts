import { expect, it } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import type { Tokenizer } from '../models/tokenizer';
import { RandomStream } from '../train/random';
import { Reader, type ReaderSettings } from './reader';
import type { VqaItem } from './vqa';

const SETTINGS: ReaderSettings = { seed: 3, steps: 120, pictures: 8, questions: 2, width: 16, layers: 1, heads: 2, lr: 1e-2, warmup: 10 };

/** A number a word, padded with zeros. */
const WORDS = ['', 'is', 'it', 'bright', 'dark', '?', 'really'];
const tokenizer: Tokenizer = {
  length: 8,
  encode: (text) => Array.from({ length: 8 }, (_, i) => Math.max(0, WORDS.indexOf(text.split(' ')[i] ?? ''))),
};

/** Pictures of three tokens: the first feature of the second one is high if the picture is bright. */
const pictures = Array.from({ length: 80 }, (_, i) => {
  const tokens = new RandomStream(1, 'noise', { step: i }).normals(12).map((value) => value / 2);
  tokens[4] = i % 2 ? 2 : -2;
  return tokens;
});
const items = pictures.flatMap((_, picture): VqaItem[] => (['bright', 'dark'] as const).map((word) => ({ picture, question: `is it ${word} ?`, answer: (word === 'bright') === (picture % 2 === 1) ? 'yes' : 'no' })));
const tokens = { count: 3, width: 4, of: pictures };
const [learned, asked] = [items.slice(0, 120), items.slice(120)];

async function lossesOf(settings: ReaderSettings): Promise<number[]> {
  const losses: number[] = [];
  const reader = await Reader.train(learned, tokens, tokenizer, createNodeOrt(1), settings, (_, loss) => losses.push(loss));
  await reader.dispose();
  return losses;
}

it('learns to read a token and a word together', { timeout: 180_000 }, async () => {
  const losses: number[] = [];
  const reader = await Reader.train(learned, tokens, tokenizer, createNodeOrt(1), SETTINGS, (_, loss) => losses.push(loss));
  const right = await reader.answer(asked);
  expect(right).toHaveLength(40);
  expect(right.filter(Boolean).length).toBeGreaterThan(36);
  // Neither a word that was never seen nor a longer question is an error.
  expect(await reader.answer([{ picture: 0, question: 'is it really bright ?', answer: 'no' }])).toHaveLength(1);
  await reader.dispose();
  expect(losses[0]).toBeGreaterThan(0.5);
  expect(losses.at(-1)).toBeLessThan(0.3);
});

it('is the same each time, and another for another seed', { timeout: 180_000 }, async () => {
  const few = { ...SETTINGS, steps: 10 };
  const losses = await lossesOf(few);
  expect(await lossesOf(few)).toEqual(losses);
  expect(await lossesOf({ ...few, seed: 4 })).not.toEqual(losses);
});

it('takes a single question about all pictures', { timeout: 180_000 }, async () => {
  const one = learned.filter(({ question }) => question.includes('bright'));
  const reader = await Reader.train(one, tokens, tokenizer, createNodeOrt(1), { ...SETTINGS, steps: 60 });
  expect((await reader.answer(one)).filter(Boolean).length).toBeGreaterThan(50);
  await reader.dispose();
});

it('says when the tokens are no numbers', { timeout: 180_000 }, async () => {
  const broken = { ...tokens, of: pictures.map((one) => one.map(() => Number.NaN)) };
  await expect(Reader.train(learned, broken, tokenizer, createNodeOrt(1), { ...SETTINGS, steps: 2 })).rejects.toThrow(/no longer a number at step 1/);
});
