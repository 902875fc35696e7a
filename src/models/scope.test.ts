import { expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { hasShared, shared } from '../testing/shared';
import { loadClip, tokenGraph } from './clip';
import { trainedParameters, type Scope } from './scope';

const HEAD = ['vision_model.post_layernorm.weight', 'vision_model.post_layernorm.bias', 'visual_projection.weight'];

async function parametersOf(folder: string, scope: Scope): Promise<string[]> {
  const clip = await loadClip(await openPath(folder));
  return trainedParameters(tokenGraph(clip, 1), clip, scope);
}

it('takes the head, or the last block with it', async () => {
  expect(await parametersOf('public/models/nano-clip', 'head')).toEqual(HEAD);
  const last = await parametersOf('public/models/nano-clip', 'last');
  expect(last.length).toBe(16 + HEAD.length);
  expect(last.filter((name) => !name.startsWith('vision_model.encoder.layers.3.'))).toEqual(HEAD);
  const all = await parametersOf('public/models/nano-clip', 'all');
  expect(all.filter((name) => last.includes(name))).toEqual(last);
});

it.skipIf(!hasShared).each([
  ['clip-tiny-legacy', 3], ['clip-tiny-dynamo', 3], ['siglip-tiny', 13],
])('knows the head of %s, whatever the exporter called it', async (model, count) => {
  expect((await parametersOf(shared(`models/${model}`), 'head')).length).toBe(count);
  expect((await parametersOf(shared(`models/${model}`), 'last')).length).toBe(count + 16);
});
