import { expect, it } from 'vitest';
import { PATTERNS } from '../data/scenes/kind';
import { createNodeOrt } from '../executors/ort-node';
import { loadClip } from '../models/clip';
import { loadDiffusion } from '../models/diffusion';
import { tinyConfig, type StageName } from './config';
import { clipFiles, diffusionFiles, treeOf } from './export';
import { clipGates, diffusionGates } from './gates';
import { STAGE_MAKERS, type Weights } from './stages';

it('measures untrained models, which pass next to nothing', async () => {
  const executor = createNodeOrt(1);
  const config = tinyConfig(5);
  const weights = {} as Record<StageName, Weights>;
  for (const stage of ['clip-text', 'clip-vision', 'vae', 'unet'] as const) {
    const made = await STAGE_MAKERS[stage](config, executor, (name) => Promise.resolve(weights[name]));
    weights[stage] = made.initial;
    await made.dispose();
  }
  const { 'clip-text': text, 'clip-vision': vision, vae, unet } = weights;
  const clip = await loadClip(treeOf('nano-clip', await clipFiles(config, text, vision)));
  const diffusion = await loadDiffusion(treeOf('nano-sd', await diffusionFiles(config, executor, text, vae, unet)));
  const sizes = { pictures: 40, pairs: 2, draws: 2 };
  const [kinds, separation, psnr, classifier, gain] = [...(await clipGates(clip, executor, sizes)), ...(await diffusionGates(diffusion, executor, sizes))];
  expect(kinds!.value).toBeLessThan(0.5);
  expect(Object.keys(separation!.perPattern!)).toEqual([...PATTERNS]);
  expect(psnr!.value).toBeGreaterThan(0);
  expect(psnr!.value).toBeLessThan(26);
  expect(Object.keys(classifier!.perPattern!)).toEqual([...PATTERNS]);
  expect(classifier!.value).toBeGreaterThanOrEqual(0);
  expect(Math.abs(gain!.value)).toBeLessThan(0.05);
  expect([kinds, psnr, classifier, gain].map((gate) => gate!.passed)).toEqual([false, false, false, false]);
});
