import { expect, it } from 'vitest';
import { PATTERNS } from '../data/scenes/kind';
import { kindOf } from '../data/scenes/kinds';
import type { Scene } from '../data/scenes/scene';
import { RandomStream } from '../train/random';
import { compareReadouts, readAttributes, readoutScore, type ReadoutAnswers } from './readout';

const SIZES = { train: 1000, test: 300, mostTested: 200, l2: 10 };

/** An embedding of noise that also holds the values of some patterns: one feature each. */
function telling(patterns: readonly (typeof PATTERNS)[number][]) {
  return (scenes: readonly Scene[]): Promise<Float32Array[]> =>
    Promise.resolve(scenes.map((scene, i) => {
      const feature = new RandomStream(7, 'noise', { step: i }).normals(20);
      patterns.forEach((pattern, place) => (feature[place] = [...(kindOf(scene.kind).attributes[pattern] ?? [])].sort().indexOf(scene.attributes[pattern] ?? '')));
      return feature;
    }));
}

it('reads what an embedding holds, and nothing else', async () => {
  const answers = await readAttributes(telling(['State', 'Camera Perspective']), SIZES);
  const { per_pattern: score, average_chance_percent: chance } = readoutScore(answers);
  expect(score.State.percent).toBeGreaterThan(95);
  expect(score['Camera Perspective'].percent).toBeGreaterThan(95);
  for (const pattern of PATTERNS.filter((one) => one !== 'State' && one !== 'Camera Perspective')) {
    const { percent, chance_percent, of } = score[pattern];
    expect(Math.abs(percent - chance_percent), pattern).toBeLessThan(400 * Math.sqrt(0.25 / of));
  }
  expect(score.Color).toMatchObject({ of: 200, chance_percent: 16.666667 });
  expect(score.State.chance_percent).toBe(50);
  expect(chance).toBeCloseTo(PATTERNS.reduce((sum, pattern) => sum + score[pattern].chance_percent / 9, 0), 5);
});

it('compares two models on the same pictures', async () => {
  const before = await readAttributes(telling([]), SIZES);
  const after = await readAttributes(telling(['Presence']), SIZES);
  const { average_points, per_pattern } = compareReadouts(before, after);
  expect(per_pattern.Presence.points).toBeGreaterThan(30);
  expect(per_pattern.Presence.mcnemar.p_exact_two_sided).toBeLessThan(1e-6);
  expect(average_points).toBeCloseTo(PATTERNS.reduce((sum, pattern) => sum + per_pattern[pattern].points / 9, 0), 5);
  const same = compareReadouts(after, after);
  expect([same.average_points, same.per_pattern.Color.mcnemar.p_exact_two_sided]).toEqual([0, 1]);
});

it('is the same each time', async () => {
  const [a, b]: ReadoutAnswers[] = [await readAttributes(telling(['Color']), SIZES), await readAttributes(telling(['Color']), SIZES)];
  expect(a).toEqual(b);
});
