import { dot, embedPictures, ensemble, type ClipReader, type LazyPicture, type OnPictures } from './embed';
import { pairedTest, rounded, type PairedTest } from './score';

export interface ZeroShotClass {
  readonly name: string;
  /** What the class is called, in whole sentences; they are ensembled. */
  readonly prompts: readonly string[];
}

export interface ZeroShotSet {
  readonly name: string;
  /** What kind of set it is, in words. */
  readonly nature: string;
  readonly classes: readonly ZeroShotClass[];
  readonly pictures: readonly (LazyPicture & { readonly label: number })[];
}

export interface Share {
  readonly right: number;
  readonly of: number;
  readonly percent: number;
}

export interface ZeroShotScore {
  readonly top1: Share;
  /** Absent where five guesses are all there are. */
  readonly top5?: Share;
  /** Mean over the classes of the share that is right. */
  readonly class_mean_percent: number;
  readonly per_class: Readonly<Record<string, Share>>;
}

export interface ZeroShotSetReport extends ZeroShotScore {
  readonly name: string;
  readonly nature: string;
  readonly classes: number;
  readonly baseline?: ZeroShotScore;
  /** Percentage points of top1 against the baseline. */
  readonly difference?: number;
  /** Of top1, picture by picture. */
  readonly mcnemar?: PairedTest;
}

export interface ZeroShotReport {
  /** Pictures of all sets. */
  readonly n: number;
  /** Mean over the sets. */
  readonly mean_top1_percent: number;
  readonly baseline_mean_top1_percent?: number;
  readonly difference?: number;
  /** Over the pictures of all sets. */
  readonly mcnemar?: PairedTest;
  readonly sets: readonly ZeroShotSetReport[];
}

/**
 * How many classes a model holds likelier than the true one, for every picture of a set: 0 where it is right. By cosine of picture and ensembled prompts; of equals the
 * class that is listed first wins.
 */
export async function rankClasses(set: ZeroShotSet, reader: ClipReader, onPictures?: OnPictures): Promise<number[]> {
  const classes: Float32Array[] = [];
  for (const { prompts } of set.classes) classes.push(await ensemble(reader, prompts));
  const pictures = await embedPictures(reader, set.pictures, onPictures);
  return pictures.map((picture, i) => rankAmong(classes.map((one) => dot(one, picture)), set.pictures[i]!.label));
}

/** How many scores come before the one at `index`, equal ones in their order. */
export function rankAmong(scores: ArrayLike<number>, index: number): number {
  const own = scores[index]!;
  let before = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > own || (scores[i] === own && i < index)) before++;
  return before;
}

/** @param ranks and @param baseline of each set, its pictures' ranks */
export function reportZeroShot(sets: readonly ZeroShotSet[], ranks: readonly (readonly number[])[], baseline?: readonly (readonly number[])[]): ZeroShotReport {
  const reports = sets.map((set, i) => reportSet(set, ranks[i]!, baseline?.[i]));
  const mean = rounded(average(reports.map(({ top1 }) => (100 * top1.right) / top1.of)));
  const report = { n: sets.reduce((sum, { pictures }) => sum + pictures.length, 0), mean_top1_percent: mean };
  if (!baseline) return { ...report, sets: reports };
  const before = rounded(average(reports.map((set) => (100 * set.baseline!.top1.right) / set.top1.of)));
  return { ...report, baseline_mean_top1_percent: before, difference: rounded(mean - before), mcnemar: pairedTest(baseline.flat().map(isFirst), ranks.flat().map(isFirst)), sets: reports };
}

function reportSet(set: ZeroShotSet, ranks: readonly number[], baseline?: readonly number[]): ZeroShotSetReport {
  const { name, nature, classes } = set;
  const score = scoreSet(set, ranks);
  const report = { name, nature, classes: classes.length, ...score };
  if (!baseline) return report;
  const before = scoreSet(set, baseline);
  const difference = rounded((100 * (score.top1.right - before.top1.right)) / score.top1.of);
  return { ...report, baseline: before, difference, mcnemar: pairedTest(baseline.map(isFirst), ranks.map(isFirst)) };
}

function scoreSet({ classes, pictures }: ZeroShotSet, ranks: readonly number[]): ZeroShotScore {
  const perClass = classes.map(({ name }, label) => [name, shareOf(ranks.filter((_, i) => pictures[i]!.label === label).map(isFirst))] as const).filter(([, { of }]) => of > 0);
  return {
    top1: shareOf(ranks.map(isFirst)),
    ...(classes.length > 5 && { top5: shareOf(ranks.map((rank) => rank < 5)) }),
    class_mean_percent: rounded(average(perClass.map(([, { right, of }]) => (100 * right) / of))),
    per_class: Object.fromEntries(perClass),
  };
}

export function shareOf(answers: readonly boolean[]): Share {
  const right = answers.filter(Boolean).length;
  return { right, of: answers.length, percent: rounded((100 * right) / answers.length) };
}

function isFirst(rank: number): boolean {
  return rank === 0;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
