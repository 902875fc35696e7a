import { pairedTest, rounded, type PairedTest } from './score';

/** A yes/no question about one of a list of pictures. */
export interface VqaItem {
  readonly picture: number;
  readonly question: string;
  readonly answer: 'yes' | 'no';
  /** Items of a pair ask the same of pictures that differ; they count together. */
  readonly pair?: string;
  readonly pattern?: string;
}

/** Questions to learn to read with, and questions to be asked, about the same list of pictures. */
export interface VqaItems {
  readonly train: readonly VqaItem[];
  readonly test: readonly VqaItem[];
}

interface Count {
  readonly right: number;
  readonly of: number;
  readonly percent: number;
}

/** single: questions answered right; paired: pairs with all of their questions right. */
export interface VqaScore {
  readonly single: Count;
  readonly paired?: Count;
  readonly per_pattern?: Readonly<Record<string, { readonly single: Count; readonly paired?: Count }>>;
}

/** @param right whether each of the items was answered right */
export function vqaScore(items: readonly VqaItem[], right: readonly boolean[]): VqaScore {
  const patterns = [...new Set(items.flatMap(({ pattern }) => pattern ?? []))];
  if (!patterns.length) return counts(items, right);
  const within = (pattern: string): Omit<VqaScore, 'per_pattern'> => counts(items.filter((item) => item.pattern === pattern), right.filter((_, i) => items[i]!.pattern === pattern));
  return { ...counts(items, right), per_pattern: Object.fromEntries(patterns.map((pattern) => [pattern, within(pattern)])) };
}

/** McNemar's exact test between two models on the pairs, or on the questions where there are no pairs. */
export function compareVqa(items: readonly VqaItem[], before: readonly boolean[], after: readonly boolean[]): PairedTest {
  const [was, is] = [pairsOf(items, before), pairsOf(items, after)];
  return was.length ? pairedTest(was, is) : pairedTest(before, after);
}

function counts(items: readonly VqaItem[], right: readonly boolean[]): Omit<VqaScore, 'per_pattern'> {
  const pairs = pairsOf(items, right);
  return { single: count(right), ...(pairs.length && { paired: count(pairs) }) };
}

function pairsOf(items: readonly VqaItem[], right: readonly boolean[]): boolean[] {
  const pairs = new Map<string, boolean>();
  items.forEach(({ pair }, i) => {
    if (pair !== undefined) pairs.set(pair, (pairs.get(pair) ?? true) && right[i]!);
  });
  return [...pairs.values()];
}

function count(right: readonly boolean[]): Count {
  const hits = right.filter(Boolean).length;
  return { right: hits, of: right.length, percent: rounded((100 * hits) / right.length) };
}
