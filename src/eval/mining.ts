import { z } from 'zod';
import type { FileEntry } from '../data/files';
import { parseJson } from '../data/json';
import { statementOf } from '../data/scenes/caption';
import { drawnFile } from '../data/scenes/drawn';
import { PATTERNS } from '../data/scenes/kind';
import { KINDS } from '../data/scenes/kinds';
import { candidates, pairOf, type ScenePair } from '../data/scenes/pairs';
import { seedOf, type Scene, type Split } from '../data/scenes/scene';
import { dot } from './embed';
import type { Mmvp, MmvpPair } from './mmvp';

/** Candidates a pattern: the pairs of a split's first seeds. */
export const CANDIDATES = 300;

const minedSchema = z.strictObject({
  /** The CLIP whose similarity decided. */
  model: z.string(),
  split: z.string(),
  /** Of so many a pattern. */
  candidates: z.int().positive(),
  /** The least cosine of all pairs. */
  threshold: z.number(),
  /** In the benchmark's order of patterns, each by falling cosine of the two pictures' embeddings. */
  pairs: z.array(z.strictObject({ pattern: z.enum(PATTERNS), seed: z.int().nonnegative().max(2 ** 32 - 1), cosine: z.number() })).min(1),
});

/** A list of pairs that a CLIP takes for nearly the same, as the JSON files keep it: seeds are all it takes to draw them. */
export type MinedPairs = z.infer<typeof minedSchema>;

/**
 * Mines pairs as MMVP's authors did, by high CLIP similarity of two pictures that differ: for each pattern those `each` of the candidates with the
 * highest cosine. No kind has more than a fifth of them, or than its even share where fewer than five kinds have the pattern's attribute.
 *
 * @param embed L2-normalised vectors, one a scene
 */
export async function minePairs(model: string, split: Split, each: number, embed: (scenes: readonly Scene[]) => Promise<readonly Float32Array[]>, count = CANDIDATES): Promise<MinedPairs> {
  const pairs: MinedPairs['pairs'] = [];
  for (const pattern of PATTERNS) {
    const found = candidates(pattern, count, seedOf(split, 0));
    const embeddings = await embed(found.flatMap(({ scenes }) => scenes));
    const scored = found.map((pair, i) => ({ pair, cosine: dot(embeddings[2 * i]!, embeddings[2 * i + 1]!) })).sort((a, b) => b.cosine - a.cosine);
    const kinds = KINDS.filter(({ attributes }) => attributes[pattern] !== undefined).length;
    const chosen = spread(scored, Math.ceil(each / Math.min(5, kinds)), ({ pair }) => pair.scenes[0].kind).slice(0, each);
    pairs.push(...chosen.map(({ pair, cosine }) => ({ pattern, seed: pair.seed, cosine: Number(cosine.toFixed(6)) })));
  }
  return { model, split, candidates: count, threshold: Math.min(...pairs.map(({ cosine }) => cosine)), pairs };
}

/** Reads a list as the JSON files keep it. Throws a UserError that names what is wrong. */
export function parseMined(text: string, file: string): MinedPairs {
  return parseJson(text, file, minedSchema);
}

export function scenePairs({ pairs }: MinedPairs): ScenePair[] {
  return pairs.map(({ pattern, seed }) => pairOf(pattern, seed));
}

/** Pairs of scenes as a benchmark to score. */
export function mmvpOfScenes(name: string, pairs: readonly ScenePair[]): Mmvp {
  return { name, warnings: [], pairs: pairs.map(benchmarkPair) };
}

function benchmarkPair({ pattern, scenes: [first, second] }: ScenePair, index: number): MmvpPair {
  const picture = (scene: Scene, id: number): FileEntry => drawnFile(`${pattern}/${id}.png`, scene);
  return { number: index + 1, pattern, statements: [statementOf(first, pattern), statementOf(second, pattern)], pictures: [picture(first, 2 * index + 1), picture(second, 2 * index + 2)] };
}

/** Items in their order, but at most `most` of a kind. */
function spread<T>(items: readonly T[], most: number, kindOf: (item: T) => string): T[] {
  const taken = new Map<string, number>();
  return items.filter((item) => {
    const count = taken.get(kindOf(item)) ?? 0;
    taken.set(kindOf(item), count + 1);
    return count < most;
  });
}
