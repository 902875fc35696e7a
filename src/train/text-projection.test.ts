import { expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { drawScene } from '../data/scenes/draw';
import { sceneOf, seedOf } from '../data/scenes/scene';
import { createNodeOrt } from '../executors/ort-node';
import { loadClip } from '../models/clip';
import { loadDiffusion } from '../models/diffusion';
import { parseSettings } from '../recipes/settings';
import { Trainer } from './trainer';

const executor = createNodeOrt(1);

it('trains the head alone, under a projection that is fitted to texts and stays', { timeout: 400_000 }, async () => {
  const clip = await loadClip(await openPath('public/models/nano-clip'));
  const diffusion = await loadDiffusion(await openPath('public/models/nano-sd'));
  const head = ['vision_model.post_layernorm.weight', 'vision_model.post_layernorm.bias', 'visual_projection.weight'];
  const losses: number[] = [];
  for (const projection of ['text', 'random'] as const) {
    const settings = parseSettings({ steps: 2, batch: 8, draws: 1, trained: 'head', projection, distill: projection === 'text' ? 0.1 : 0, patches: 0, min_timestep: 300, max_timestep: 950 }, 'test');
    const pictures = { count: 8, name: String, picture: (i: number) => Promise.resolve(drawScene(sceneOf(seedOf('train', i)))) };
    const trainer = await Trainer.create({ clip, diffusion, pictures, settings, executor, frozen: executor });
    losses.push((await trainer.step()).loss);
    expect(Object.keys(await trainer.parameters())).toEqual([...head, ...(projection === 'random' ? ['visual_proj.weight', 'visual_proj.bias'] : [])]);
    await trainer.restore(await trainer.checkpoint());
    await trainer.step();
    await trainer.dispose();
  }
  // A picture's embedding where its caption's would be helps to denoise it.
  expect(losses[0]).toBeLessThan(losses[1]!);
});
