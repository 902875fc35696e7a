import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { readSafetensors } from '../data/safetensors';
import type { Executor } from '../executors/executor';
import { createNodeOrt } from '../executors/ort-node';
import { webgpuExecutor } from '../executors/webgpu';
import { openNodeGpu } from '../gpu/node';
import { toNumbers, type Tensor } from '../ir/tensor';
import { loadClip } from '../models/clip';
import { loadDiffusion } from '../models/diffusion';
import { parseSettings } from '../recipes/settings';
import { hasShared, shared } from '../testing/shared';
import { readDraws, settingsOfDraws } from './draws-file';
import { Trainer, type PictureSet } from './trainer';

const RUNS = [
  { name: 'openai', clip: 'clip-tiny-legacy' },
  { name: 'metaclip', clip: 'clip-tiny-dynamo' },
  { name: 'siglip', clip: 'siglip-tiny' },
];

const gpu = hasShared ? await openNodeGpu() : undefined;

/** One executor for all runs: they share compiled pipelines. */
const EXECUTORS: readonly (readonly [string, Executor | undefined])[] = [['ort', createNodeOrt()], ['webgpu', gpu && webgpuExecutor(gpu)]];

const noPictures: PictureSet = { count: 0, name: String, picture: () => Promise.reject(new Error('the file holds all of them')) };

const golden = (name: string) => {
  const bytes = readFileSync(shared(`diva-step/${name}.safetensors`));
  return { draws: readDraws(bytes, `${name}.safetensors`), bytes };
};

async function trainer(name: string, clip: string, executor: Executor): Promise<Trainer> {
  const { draws } = golden(name);
  return Trainer.create({
    clip: await loadClip(await openPath(shared(`models/${clip}`))), diffusion: await loadDiffusion(await openPath(shared('models/sd-tiny'))), pictures: noPictures,
    settings: parseSettings(settingsOfDraws(draws), name), executor, frozen: createNodeOrt(), draws,
  });
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe.skipIf(!hasShared).each(EXECUTORS)('replay of shared/fixtures/diva-step on %s', (_, executor) => {
  afterAll(() => executor?.dispose());

  it.skipIf(!executor).each(RUNS)('$name: losses and the change of every parameter are those of PyTorch', async ({ name, clip }) => {
    const run = await trainer(name, clip, executor!);
    const { tensors } = readAll(name);
    for (let step = 0; step < run.settings.steps; step++) {
      const { loss, lr, gradNorm } = await run.step();
      const want = (key: string): number => toNumbers(tensors.get(key)!)[step]!;
      expect(Math.abs(loss / want('loss') - 1), `loss ${step}`).toBeLessThan(1e-4);
      expect(Math.abs(gradNorm / want('grad_norm') - 1), `grad_norm ${step}`).toBeLessThan(1e-3);
      expect(Math.abs(lr - want('lr'))).toBeLessThan(1e-9);
    }
    const final = await run.parameters();
    const deltas = [...tensors].filter(([key]) => key.startsWith('delta/')).map(([key, tensor]) => [key.slice('delta/'.length), toNumbers(tensor)] as const);
    expect(Object.keys(final).sort()).toEqual(deltas.map(([parameter]) => parameter).sort());
    const most = Math.max(...deltas.map(([, delta]) => largest(delta)));
    for (const [parameter, delta] of deltas) {
      const [from, to] = [toNumbers(tensors.get(`init/${parameter}`)!), toNumbers(final[parameter]!)];
      const difference = largest(delta.map((want, i) => to[i]! - from[i]! - want)) / Math.max(largest(delta), most / 1000);
      expect(difference, parameter).toBeLessThan(0.01);
    }
    await run.dispose();
  }, 300_000);
});

function readAll(name: string): { tensors: ReadonlyMap<string, Tensor> } {
  return readSafetensors(golden(name).bytes, name);
}
