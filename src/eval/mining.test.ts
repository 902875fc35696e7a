import { expect, it } from 'vitest';
import { decodePicture } from '../data/decode-node';
import { drawScene } from '../data/scenes/draw';
import { PATTERNS } from '../data/scenes/kind';
import { candidates } from '../data/scenes/pairs';
import { seedOf, type Scene } from '../data/scenes/scene';
import { minePairs, mmvpOfScenes, parseMined, scenePairs } from './mining';

/** A stand-in for CLIP: the mean colours of a picture's four quarters, normalised. */
function quarters(scenes: readonly Scene[]): Promise<Float32Array[]> {
  return Promise.resolve(scenes.map((scene) => {
    const { width, height, data } = drawScene(scene, 16);
    const sums = new Float32Array(12);
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      sums[3 * (Math.floor((2 * y) / height) * 2 + Math.floor((2 * x) / width)) + (i % 3)]! += data[i]!;
    }
    return sums.map((sum) => sum / Math.hypot(...sums));
  }));
}

it('takes the most similar candidates of each pattern, a fifth of a kind at most', async () => {
  const mined = await minePairs('quarters', 'test', 5, quarters, 40);
  expect(mined.pairs.map(({ pattern }) => pattern)).toEqual(PATTERNS.flatMap((pattern) => new Array<string>(5).fill(pattern)));
  expect(mined.threshold).toBe(Math.min(...mined.pairs.map(({ cosine }) => cosine)));
  const pairs = scenePairs(mined);
  for (const pattern of PATTERNS) {
    const own = mined.pairs.filter((pair) => pair.pattern === pattern);
    expect(own.map(({ cosine }) => cosine)).toEqual([...own].sort((a, b) => b.cosine - a.cosine).map(({ cosine }) => cosine));
    const kinds = pairs.filter((pair) => pair.pattern === pattern).map(({ scenes }) => scenes[0].kind);
    // Four kinds bear a text, so one of them has to come twice.
    expect(new Set(kinds).size).toBe(pattern === 'Text' ? Math.min(4, new Set(kinds).size) : 5);
    for (const kind of kinds) expect(kinds.filter((other) => other === kind).length).toBeLessThanOrEqual(pattern === 'Text' ? 2 : 1);
  }
  const [best] = mined.pairs.filter(({ pattern }) => pattern === 'Color');
  const all = await Promise.all(candidates('Color', 40, seedOf('test', 0)).map(async ({ scenes }) => quarters(scenes)));
  expect(best!.cosine).toBeCloseTo(Math.max(...all.map(([a, b]) => a!.reduce((sum, value, i) => sum + value * b![i]!, 0))), 5);
});

it('is the same each time, and takes a split of its own', async () => {
  const [a, b, other] = [await minePairs('q', 'test', 2, quarters, 15), await minePairs('q', 'test', 2, quarters, 15), await minePairs('q', 'development', 2, quarters, 15)];
  expect(a).toEqual(b);
  expect(other.pairs.every(({ seed }) => seed >= seedOf('development', 0) && seed < seedOf('development', 15))).toBe(true);
});

it('reads its lists again and draws them as a benchmark', async () => {
  const mined = parseMined(JSON.stringify(await minePairs('q', 'test', 1, quarters, 5)), 'list.json');
  const { pairs } = mmvpOfScenes('nano', scenePairs(mined));
  expect(pairs.map(({ number, pattern }) => [number, pattern])).toEqual(PATTERNS.map((pattern, i) => [i + 1, pattern]));
  const [pair] = pairs;
  expect(pair!.statements[0]).not.toBe(pair!.statements[1]);
  expect(Uint8Array.from((await decodePicture(pair!.pictures[1])).data)).toEqual(drawScene(scenePairs(mined)[0]!.scenes[1]).data);
});

it('refuses a list of something else', () => {
  expect(() => parseMined('{"pairs": []}', 'list.json')).toThrow(/list\.json/);
  expect(() => parseMined('{"model": "m", "split": "test", "candidates": 1, "threshold": 1, "pairs": [{"pattern": "Smell", "seed": 1, "cosine": 1}]}', 'list.json')).toThrow(/Smell/);
});
