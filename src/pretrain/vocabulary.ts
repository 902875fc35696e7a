import { captionOf } from '../data/scenes/caption';
import { KINDS } from '../data/scenes/kinds';
import { sceneOfKind, seedOf } from '../data/scenes/scene';
import { parseTokenizer, type Tokenizer } from '../models/tokenizer';
import { END, tokenizerJson, trainBpe } from './bpe';

/** Tokens of a text, start and end included: the longest rich caption has 22 and one hyphen, which makes two more. */
export const TEXT_LENGTH = 24;

/** Rich captions of each kind that are read for words: each value of each attribute is among them. */
const CAPTIONS = 400;

export interface Vocabulary {
  readonly tokenizer: Tokenizer;
  /** tokenizer.json */
  readonly source: string;
  /** Number of ids. */
  readonly size: number;
}

let known: Vocabulary | undefined;

/** The tokenizer that the scenes' captions give: every word of theirs is one token. */
export function vocabulary(): Vocabulary {
  known ??= make();
  return known;
}

function make(): Vocabulary {
  const counts = new Map<string, number>();
  for (const { name } of KINDS) {
    for (let index = 0; index < CAPTIONS; index++) {
      const scene = sceneOfKind(name, seedOf('train', index));
      const words = [captionOf(scene, 'rich'), captionOf(scene, 'coarse', index)].join(' ').toLowerCase().match(/\p{L}+|[^\s\p{L}]+/gu) ?? [];
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const bpe = trainBpe(counts);
  const source = tokenizerJson(bpe);
  return { source, size: Object.keys(bpe.vocab).length, tokenizer: parseTokenizer(source, 'tokenizer.json', { length: TEXT_LENGTH, pad: END }) };
}
