import { expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { drawScene } from '../data/scenes/draw';
import { sceneOf, seedOf } from '../data/scenes/scene';
import { preprocess } from '../data/processor';
import { createNodeOrt } from '../executors/ort-node';
import { loadClip, type ClipModel } from '../models/clip';
import { loadDiffusion } from '../models/diffusion';
import { parseSettings } from '../recipes/settings';
import { CAPTIONS, Untouched } from './distillation';
import { Trainer } from './trainer';

const executor = createNodeOrt(1);
const picture = (i: number) => drawScene(sceneOf(seedOf('train', i)));

/** Mean of sum p (log p - log q) over pictures, in float64. */
async function divergence(before: ClipModel, after: ClipModel): Promise<number> {
  const told = await Promise.all([before, after].map(async (clip) => {
    const model = await Untouched.create(clip, executor);
    const rows: number[][] = [];
    for (let i = 0; i < 8; i++) rows.push([...((await model.told(preprocess(picture(i), clip.processor))).data as Float32Array)]);
    await model.dispose();
    return rows;
  }));
  const logs = (row: readonly number[]): number[] => row.map((value) => value - Math.max(...row) - Math.log(row.reduce((sum, other) => sum + Math.exp(other - Math.max(...row)), 0)));
  const each = told[0]!.map((row, i) => logs(row).reduce((sum, log, k) => sum + Math.exp(log) * (log - logs(told[1]![i]!)[k]!), 0));
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

it('costs nothing at first, and then keeps what the model said of everyday things', { timeout: 120_000 }, async () => {
  const clip = await loadClip(await openPath('public/models/tiny-clip'));
  const diffusion = await loadDiffusion(await openPath('public/models/tiny-sd'));
  const runs: { first: number; divergence: number }[] = [];
  for (const distill of [0, 0.1]) {
    const settings = parseSettings({ steps: 4, batch: 8, draws: 1, lr: 0.1, warmup: 0, trained: 'head', patches: 0, distill }, 'test');
    const trainer = await Trainer.create({ clip, diffusion, pictures: { count: 8, name: String, picture: (i) => Promise.resolve(picture(i)) }, settings, executor, frozen: executor });
    const { loss } = await trainer.step();
    while (trainer.done < settings.steps) await trainer.step();
    runs.push({ first: loss, divergence: await divergence(clip, await trainer.tuned()) });
    await trainer.dispose();
  }
  expect(CAPTIONS.length).toBe(175);
  // Rounding of logits of up to 100, summed over the captions.
  expect(Math.abs(runs[1]!.first - runs[0]!.first)).toBeLessThan(0.1 * 100 * 2 ** -23 * CAPTIONS.length);
  expect(runs[1]!.divergence).toBeLessThan(runs[0]!.divergence / 2);
});
