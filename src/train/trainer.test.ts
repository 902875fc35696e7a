import { beforeAll, describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import type { Picture } from '../data/pictures';
import { writeSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { UserError } from '../ir/errors';
import { bytesOf, toNumbers, type Tensor } from '../ir/tensor';
import { loadClip, type ClipModel } from '../models/clip';
import { loadDiffusion, type DiffusionModel } from '../models/diffusion';
import { parseSettings } from '../recipes/settings';
import { randomNumbers } from '../testing/random';
import { hasShared, shared } from '../testing/shared';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import { readDraws, settingsOfDraws } from './draws-file';
import { Trainer, type PictureSet, type StepMetrics, type TrainSetup } from './trainer';

let models: { clip: ClipModel; diffusion: DiffusionModel };

/** Smooth coloured pictures of differing sizes; `broken` ones cannot be decoded. */
function pictures(count: number, broken: readonly number[] = []): PictureSet {
  return {
    count,
    name: (i) => `${i}.png`,
    picture: async (i): Promise<Picture> => {
      if (broken.includes(i)) throw new UserError('The picture is damaged', `${i}.png`, 'Leave it out');
      const next = randomNumbers(i);
      const [width, height] = [70 + 10 * i, 80];
      const waves = Array.from({ length: 3 }, () => [next() * 0.2, next() * 0.2, next() * 6] as const);
      const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
        const [a, b, c] = waves[at % 3]!;
        return 128 + 120 * Math.sin(a * (Math.floor(at / 3) % width) + b * Math.floor(at / 3 / width) + c);
      });
      return { width, height, data };
    },
  };
}

async function trainer(given: Record<string, unknown>, more: Partial<TrainSetup> = {}): Promise<Trainer> {
  const settings = parseSettings({ steps: 4, micro_batch: 2, draws: 1, lr: 0.01, warmup: 0, ...given }, 'test');
  const ort = createNodeOrt();
  return Trainer.create({ ...models, pictures: pictures(5), settings, executor: ort, frozen: ort, ...more });
}

async function run(trainer: Trainer, steps: number): Promise<StepMetrics[]> {
  const metrics: StepMetrics[] = [];
  for (let i = 0; i < steps; i++) metrics.push(await trainer.step());
  return metrics;
}

const losses = (metrics: readonly StepMetrics[]): number[] => metrics.map(({ loss }) => loss);
const text = (tensors: Record<string, Tensor>): string => Object.entries(tensors).sort().map(([name, tensor]) => `${name} ${Buffer.from(bytesOf(tensor)).toString('base64')}`).join('\n');

describe.skipIf(!hasShared)('Trainer', () => {
  beforeAll(async () => {
    models = { clip: await loadClip(await openPath(shared('models/clip-tiny-legacy'))), diffusion: await loadDiffusion(await openPath(shared('models/sd-tiny'))) };
  });

  it.each(['sgd', 'adam'])('repeats itself, and goes on from a checkpoint bit for bit: %s', async (optimizer) => {
    const first = await trainer({ optimizer });
    const metrics = await run(first, 2);
    const { parameters, slots } = await first.checkpoint();
    expect([...Object.values(parameters), ...Object.values(slots)].reduce((sum, { data }) => sum + data.byteLength, 0)).toBe(first.checkpointBytes);
    const checkpoint = encodeCheckpoint(await first.checkpoint());
    metrics.push(...(await run(first, 2)));
    const resumed = await trainer({ optimizer });
    await resumed.step();
    await resumed.restore(decodeCheckpoint(checkpoint, 'checkpoint'));
    expect(resumed.done).toBe(2);
    expect(losses(await run(resumed, 2))).toEqual(losses(metrics).slice(2));
    expect(text(await resumed.parameters())).toBe(text(await first.parameters()));
    expect(Buffer.compare(encodeCheckpoint(await resumed.checkpoint()), encodeCheckpoint(await first.checkpoint()))).toBe(0);
    const other = await trainer({ optimizer, seed: 2 });
    await expect(other.restore(decodeCheckpoint(checkpoint, 'checkpoint'))).rejects.toThrow(/seed is 2 here, but 1 in the checkpoint/);
    expect(losses(await run(other, 1))).not.toEqual(losses(metrics).slice(0, 1));
    await expect(first.step()).rejects.toThrow(/all of its 4 steps/);
  }, 120_000);

  it.each(['diva', 'control'])('replays what it recorded: %s', async (recipe) => {
    const first = await trainer({ recipe, draws: 2, accumulate: 2 }, { record: true });
    const metrics = await run(first, 2);
    const { tensors, metadata } = await first.recorded();
    expect('draws/shuffle' in tensors).toBe(recipe === 'control');
    const draws = readDraws(writeSafetensors(tensors, metadata), 'recorded');
    const settings = { ...settingsOfDraws(draws), steps: 4 };
    expect(settings).toMatchObject({ recipe, draws: 2, accumulate: 2, micro_batch: 2, lr: 0.01, clip_norm: 1, condition: 'class+random', patches: 5 });
    const replayed = await trainer({ ...settings, seed: 9 }, { draws, pictures: pictures(0) });
    expect(losses(await run(replayed, 2))).toEqual(losses(metrics));
    expect(text(await replayed.parameters())).toBe(text(await first.parameters()));
    expect(toNumbers(tensors['loss']!)[1]).toBeCloseTo(metrics[1]!.loss, 6);
  }, 120_000);

  it('lets another picture take the place of one that cannot be decoded, and says so once', async () => {
    const skipped: string[] = [];
    const first = await trainer({}, { pictures: pictures(5, [0, 3]), onSkipped: (name, reason) => skipped.push(`${name}: ${reason}`) });
    expect(losses(await run(first, 4)).every(Number.isFinite)).toBe(true);
    expect(skipped.sort()).toEqual(['0.png: The picture is damaged', '3.png: The picture is damaged']);
    expect([...first.failed.keys()].sort()).toEqual([0, 3]);
    const none = await trainer({}, { pictures: pictures(2, [0, 1]) });
    await expect(none.step()).rejects.toThrow(/None of the 2 pictures can be decoded/);
    await expect(trainer({}, { pictures: pictures(0) })).rejects.toThrow(/no pictures/);
  }, 120_000);

  it('stops with a word on what to do when the loss is no number any more', async () => {
    const shape = [1, 1, 1, 2, 4, 8, 8];
    const draws = readDraws(writeSafetensors({ 'draws/noise': { dtype: 'float32', shape, data: new Float32Array(512).fill(NaN) } }), 'noise');
    const wild = await trainer({ steps: 1 }, { draws });
    await expect(wild.step()).rejects.toThrow(/The loss of step 1 is NaN: training has diverged.*Lower lr/);
  }, 120_000);

  it('gives the CLIP back with its new weights, the projection left out', async () => {
    const first = await trainer({});
    await run(first, 2);
    const [tuned, parameters] = [await first.tuned(), await first.parameters()];
    const name = 'vision_model.post_layernorm.weight';
    const { ref } = tuned.vision.graph.weights.get(name)!;
    expect(ref.kind === 'bytes' && Buffer.from(ref.bytes)).toEqual(Buffer.from(bytesOf(parameters[name]!)));
    expect(tuned.vision.graph.weights.has('visual_proj.weight')).toBe(false);
    expect(first.memoryBytes).toBeGreaterThan(3 * Object.values(parameters).reduce((sum, { data }) => sum + data.byteLength, 0));
  }, 120_000);
});
