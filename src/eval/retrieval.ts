import { dot, embedPictures, type ClipReader, type LazyPicture, type OnPictures } from './embed';
import { pairedTest, rounded, type PairedTest } from './score';
import { rankAmong, shareOf, type Share } from './zero-shot';

export interface Caption {
  readonly text: string;
  /** The picture's index. */
  readonly picture: number;
}

export interface RetrievalSet {
  readonly name: string;
  readonly nature: string;
  readonly pictures: readonly LazyPicture[];
  /** Every picture has one or more. */
  readonly captions: readonly Caption[];
}

/** How many others come before the right one; 0 where it comes first. */
export interface RetrievalRanks {
  /** For each picture, how many captions come before the first of its own. */
  readonly image_to_text: readonly number[];
  /** For each caption, how many pictures come before its own. */
  readonly text_to_image: readonly number[];
}

type Direction = keyof RetrievalRanks;
type Recall = 'r1' | 'r5' | 'r10';

export type RetrievalScore = Readonly<Record<Direction, Readonly<Record<Recall, Share>>>>;

export interface RetrievalSetReport extends RetrievalScore {
  readonly name: string;
  readonly nature: string;
  readonly pictures: number;
  readonly captions: number;
  readonly baseline?: RetrievalScore;
  /** Percentage points against the baseline. */
  readonly difference?: Readonly<Record<Direction, Readonly<Record<Recall, number>>>>;
  /** Of R@1, item by item. */
  readonly mcnemar?: Readonly<Record<Direction, PairedTest>>;
}

export interface RetrievalReport {
  /** Mean over the sets and both directions. */
  readonly mean_r1_percent: number;
  readonly baseline_mean_r1_percent?: number;
  readonly difference?: number;
  readonly sets: readonly RetrievalSetReport[];
}

const DIRECTIONS = ['image_to_text', 'text_to_image'] as const satisfies readonly Direction[];
const RECALLS = [['r1', 1], ['r5', 5], ['r10', 10]] as const satisfies readonly (readonly [Recall, number])[];

/** Ranks captions by pictures and pictures by captions, by cosine; of equals the one that is listed first comes first. */
export async function rankRetrieval(set: RetrievalSet, reader: ClipReader, onPictures?: OnPictures): Promise<RetrievalRanks> {
  const pictures = await embedPictures(reader, set.pictures, onPictures);
  const texts = await reader.encoder.texts(set.captions.map(({ text }) => text));
  const own = set.captions.map(({ picture }, i) => dot(texts[i]!, pictures[picture]!));
  const captionsOf = pictures.map((): number[] => []);
  set.captions.forEach(({ picture }, i) => captionsOf[picture]!.push(i));
  const before = new Array<number>(texts.length).fill(0);
  const first = pictures.map((picture, p) => {
    const row = Float64Array.from(texts, (text) => dot(text, picture));
    set.captions.forEach((caption, i) => {
      if (row[i]! > own[i]! || (row[i] === own[i] && p < caption.picture)) before[i]!++;
    });
    return Math.min(...captionsOf[p]!.map((i) => rankAmong(row, i)));
  });
  return { image_to_text: first, text_to_image: before };
}

/** @param ranks and @param baseline of each set */
export function reportRetrieval(sets: readonly RetrievalSet[], ranks: readonly RetrievalRanks[], baseline?: readonly RetrievalRanks[]): RetrievalReport {
  const reports = sets.map((set, i) => reportSet(set, ranks[i]!, baseline?.[i]));
  const mean = meanR1(reports);
  if (!baseline) return { mean_r1_percent: mean, sets: reports };
  const before = meanR1(reports.map((set) => set.baseline!));
  return { mean_r1_percent: mean, baseline_mean_r1_percent: before, difference: rounded(mean - before), sets: reports };
}

function reportSet({ name, nature, pictures, captions }: RetrievalSet, ranks: RetrievalRanks, baseline?: RetrievalRanks): RetrievalSetReport {
  const score = scoreRanks(ranks);
  const report = { name, nature, pictures: pictures.length, captions: captions.length, ...score };
  if (!baseline) return report;
  const before = scoreRanks(baseline);
  const difference = bothWays((way) => recalls((recall) => rounded(score[way][recall].percent - before[way][recall].percent)));
  const isFirst = (rank: number): boolean => rank === 0;
  return { ...report, baseline: before, difference, mcnemar: bothWays((way) => pairedTest(baseline[way].map(isFirst), ranks[way].map(isFirst))) };
}

function scoreRanks(ranks: RetrievalRanks): RetrievalScore {
  return bothWays((way) => recalls((_, k) => shareOf(ranks[way].map((rank) => rank < k))));
}

function meanR1(scores: readonly RetrievalScore[]): number {
  const shares = scores.flatMap((score) => DIRECTIONS.map((way) => score[way].r1));
  return rounded(shares.reduce((sum, { right, of }) => sum + (100 * right) / of, 0) / shares.length);
}

function bothWays<T>(value: (way: Direction) => T): Record<Direction, T> {
  return { image_to_text: value('image_to_text'), text_to_image: value('text_to_image') };
}

function recalls<T>(value: (recall: Recall, k: number) => T): Record<Recall, T> {
  return Object.fromEntries(RECALLS.map(([recall, k]) => [recall, value(recall, k)])) as Record<Recall, T>;
}
