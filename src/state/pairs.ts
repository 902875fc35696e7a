import type { Comparison, PairResult } from '../engine/api';

/** What became of a pair. */
export type Outcome = 'fixed' | 'broken' | 'still right' | 'still wrong';

export const OUTCOMES: readonly Outcome[] = ['fixed', 'broken', 'still right', 'still wrong'];

/** How one caption of a pair decides. */
export interface Choice {
  /** 0 or 1: the picture of the pair that the caption is most similar to. */
  readonly picture: 0 | 1;
  readonly right: boolean;
  /** Similarity to its own picture minus that to the other one. */
  readonly margin: number;
  /** The margin is nothing, or so little that float32 cannot tell. */
  readonly doubt?: 'tie' | 'within rounding';
}

/** Cosines of float32 vectors are good to about this much. */
const ROUNDING = 1e-6;

/** The official rule: caption 1 is right when it is more similar to picture 1; a tie goes to picture 2. */
export function choiceOf(result: PairResult, caption: 0 | 1): Choice {
  const [first, second] = result.similarity[caption];
  const picture = first > second ? 0 : 1;
  const margin = caption === 0 ? first - second : second - first;
  const doubt = margin === 0 ? 'tie' : Math.abs(margin) < ROUNDING ? 'within rounding' : undefined;
  return { picture, right: picture === caption, margin, doubt };
}

export function outcomeOf(before: PairResult, after: PairResult): Outcome {
  if (before.right) return after.right ? 'still right' : 'broken';
  return after.right ? 'fixed' : 'still wrong';
}

/** Indices of the pairs with each outcome, in the benchmark's order. */
export function pairsByOutcome(comparison: Comparison): Readonly<Record<Outcome, readonly number[]>> {
  const groups: Record<Outcome, number[]> = { fixed: [], broken: [], 'still right': [], 'still wrong': [] };
  comparison.pairs.forEach((_, index) => {
    const [before, after] = [comparison.before.pairs[index], comparison.after.pairs[index]];
    if (before && after) groups[outcomeOf(before, after)].push(index);
  });
  return groups;
}

/** The largest margin of a comparison, before or after: full length of the margin bars. */
export function widestMargin(comparison: Comparison): number {
  const margins = [...comparison.before.pairs, ...comparison.after.pairs].flatMap((result) =>
    ([0, 1] as const).map((caption) => Math.abs(choiceOf(result, caption).margin)));
  return margins.reduce((most, margin) => Math.max(most, margin), 0);
}

/** How many captions of a score are decided by nothing, or by less than float32 can tell. */
export function doubtfulCaptions(results: readonly PairResult[]): number {
  return results.flatMap((result) => [choiceOf(result, 0), choiceOf(result, 1)]).filter((choice) => choice.doubt).length;
}

/** Percentage points between before and after. */
export function pointsGained(comparison: Comparison): number {
  return comparison.after.of === 0 ? 0 : (100 * (comparison.after.pairsRight - comparison.before.pairsRight)) / comparison.after.of;
}
