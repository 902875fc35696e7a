import { expect, it } from 'vitest';
import { openPath } from '../../data/files-node';
import { createNodeOrt } from '../../executors/ort-node';
import { loadClip } from '../../models/clip';
import { nanoCaptions, realignedPairs } from './realigned';

it('asks the pairs of MMVP-nano of what the alignment has left, and tells how far it is', async () => {
  const clip = await loadClip(await openPath('public/models/nano-clip'));
  const told: (readonly [number, number])[] = [];
  const still = { steps: 1, lr: 1e-9, seed: 1, batch: 16 };
  const answers = await realignedPairs(clip, createNodeOrt(1), (...progress) => told.push(progress), nanoCaptions(16), still);
  // `eval mmvp` finds 67 of the untouched model's pairs right, too.
  expect(answers.filter(({ right }) => right)).toHaveLength(67);
  expect(answers).toHaveLength(135);
  const total = 2 * 135 + 16 + 1;
  expect(told.every(([done, of], i) => of === total && done >= (told[i - 1]?.[0] ?? 0))).toBe(true);
  expect(told.at(-1)).toEqual([total, total]);
}, 120_000);
