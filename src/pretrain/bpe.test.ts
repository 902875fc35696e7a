import { expect, test } from 'vitest';
import { captionOf } from '../data/scenes/caption';
import { sceneOf } from '../data/scenes/scene';
import { START, trainBpe } from './bpe';
import { TEXT_LENGTH, vocabulary } from './vocabulary';

test('merges the commonest pair first, until every word is one token', () => {
  const { vocab, merges } = trainBpe(new Map([['cat', 3], ['at', 2]]));
  expect(merges).toEqual(['a t</w>', 'c at</w>']);
  expect(vocab['cat</w>']).toBe(513);
  expect(vocab[START]).toBe(514);
});

test('the scenes\' captions take one token a word, and fit', () => {
  const { tokenizer, size } = vocabulary();
  const [end, start] = [size - 1, size - 2];
  expect(new Set(tokenizer.encode('')).size).toBe(2);
  for (let seed = 0; seed < 3000; seed++) {
    const caption = captionOf(sceneOf(seed), 'rich');
    const ids = tokenizer.encode(caption, 40);
    expect(ids[0]).toBe(start);
    expect(ids.indexOf(end), caption).toBe(1 + (caption.match(/\p{L}+|[^\s\p{L}]+/gu) ?? []).length);
    expect(ids.indexOf(end)).toBeLessThan(TEXT_LENGTH);
    expect(Math.max(...ids)).toBe(end);
  }
});
