import type { FileEntry } from '../data/files';
import type { Mmvp } from '../eval/mmvp';
import { mcnemar, pairIsRight } from '../eval/score';
import type { Comparison, PairResult, Score, Turned } from './api';

/** @param similarities [pairs, caption 2, picture 2] */
export function scoreOf({ pairs }: Mmvp, similarities: Float32Array, step: number): Score {
  const results = pairs.map((_, i): PairResult => {
    const [a, b, c, d] = similarities.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return { similarity: [[a, b], [c, d]], right: pairIsRight(a, b, c, d) };
  });
  const patterns = [...new Set(pairs.map(({ pattern }) => pattern))];
  return {
    step,
    pairsRight: results.filter(({ right }) => right).length,
    of: pairs.length,
    perPattern: patterns.map((pattern) => {
      const own = results.filter((_, i) => pairs[i]!.pattern === pattern);
      return { pattern, right: own.filter(({ right }) => right).length, of: own.length };
    }),
    pairs: results,
  };
}

export async function comparisonOf(benchmark: Mmvp, before: Score, after: Score): Promise<Comparison> {
  const turned = (pattern?: string): Turned => {
    const rights = ({ pairs }: Score): boolean[] => pairs.filter((_, i) => pattern === undefined || benchmark.pairs[i]!.pattern === pattern).map(({ right }) => right);
    const { wrong_to_right: fixed, right_to_wrong: broken, p_exact_two_sided: p } = mcnemar(rights(before), rights(after));
    return { fixed, broken, p };
  };
  return {
    readout: 'plain CLIP embedding',
    before,
    after,
    mcnemar: turned(),
    patterns: before.perPattern.map(({ pattern }) => ({ pattern, ...turned(pattern) })),
    pairs: await Promise.all(benchmark.pairs.map(async ({ pattern, statements, pictures }) => ({ pattern, captions: statements, pictures: [await blobOf(pictures[0]), await blobOf(pictures[1])] as const }))),
  };
}

async function blobOf(file: FileEntry): Promise<Blob> {
  return new Blob([await file.read()]);
}
