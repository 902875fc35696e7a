import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../data/safetensors';
import { tensorFrom, toNumbers } from '../ir/tensor';
import { parseSettings } from '../recipes/settings';
import { hasShared, shared } from '../testing/shared';
import { DrawRecorder, Draws, type DrawScope } from './draws';
import { readDraws, settingsOfDraws } from './draws-file';

const scope: DrawScope = { pictures: 5, batch: 2, accumulate: 2, timesteps: [0, 1000], latentShape: [4, 2, 2], patchTokens: 16, patches: 3, shuffled: true };

const orderOf = (draws: Draws, steps: number): number[] => Array.from({ length: steps * 4 }, (_, at) => draws.candidates(Math.floor(at / 4), Math.floor(at / 2) % 2, at % 2).next().value as number);

describe('Draws', () => {
  it('reshuffles every epoch, each picture once', () => {
    const order = orderOf(new Draws(1, scope), 5);
    const epochs = [0, 5, 10, 15].map((start) => order.slice(start, start + 5));
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(epochs.map(String)).size).toBeGreaterThan(1);
  });

  it('names every other picture as a stand-in, in order', () => {
    const candidates = [...new Draws(1, scope).candidates(0, 0, 1)];
    expect([...candidates].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(candidates[0]).toBe(orderOf(new Draws(1, scope), 1)[1]);
  });

  it('draws the same at a place, whatever was drawn before', () => {
    const fresh = new Draws(7, scope).draw(3, 1, 1);
    const used = new Draws(7, scope);
    used.draw(0, 0, 0);
    expect(used.draw(3, 1, 1)).toEqual(fresh);
    expect(used.draw(3, 1, 0)).not.toEqual(fresh);
    expect(new Draws(8, scope).draw(3, 1, 1)).not.toEqual(fresh);
    expect(fresh.noise.shape).toEqual([2, 4, 2, 2]);
    expect(fresh.patches!.shape).toEqual([2, 3]);
    expect(fresh.shuffle).toEqual([1, 0]);
  });

  it('is taken from what was recorded', () => {
    const seeded = new Draws(7, scope);
    const recorder = new DrawRecorder();
    const wanted = [0, 1].flatMap((step) => [0, 1].map((micro) => {
      recorder.order([0, 1].map((i) => seeded.candidates(step, micro, i).next().value as number));
      const drawn = [0, 1].map((draw) => seeded.draw(step, micro, draw));
      drawn.forEach((draw) => recorder.draw(draw));
      return drawn;
    }));
    const { tensors, pictures } = recorder.finish(2);
    const file = readDraws(writeSafetensors(tensors), 'recorded');
    expect(file.sizes).toMatchObject({ steps: 2, accumulate: 2, draws: 2, batch: 2, patches: 3 });
    const replayed = new Draws(0, { ...scope, pictures: pictures.length }, file);
    expect(replayed.draw(1, 0, 1)).toEqual(wanted[2]![1]);
    expect(orderOf(replayed, 2).map((i) => pictures[i])).toEqual(orderOf(seeded, 2));
  });

  it('refuses recorded indices that are out of range', () => {
    const file = readDraws(writeSafetensors({ 'draws/timesteps': tensorFrom('int64', [1, 2, 1, 2], [1, 2, 3, 1000]) }), 'F');
    expect(() => new Draws(0, scope, file).draw(0, 1, 0)).toThrow('draws/timesteps holds 1000, which is not from 0 to 999. F.');
  });
});

describe('readDraws', () => {
  it('refuses forms and sizes that do not fit, by key', () => {
    const ints = (shape: number[]) => tensorFrom('int64', shape, new Array<number>(shape.reduce((a, b) => a * b)).fill(0));
    expect(() => readDraws(writeSafetensors({ 'draws/order': ints([2, 3]) }), 'F')).toThrow(/draws\/order is int64\[2,3\].*steps,accumulate,batch.*F/);
    expect(() => readDraws(writeSafetensors({ 'draws/order': ints([2, 1, 3]), 'draws/timesteps': ints([2, 1, 1, 4]) }), 'F')).toThrow(/draws\/timesteps has 4 batch, but draws\/order has 3/);
    expect(() => readDraws(writeSafetensors({ 'draws/noise': ints([1, 1, 1, 1, 1, 1, 1]) }), 'F')).toThrow(/draws\/noise is int64/);
  });

  it.skipIf(!hasShared)('takes settings from diva-step', () => {
    const read = (name: string) => readDraws(readFileSync(shared(`diva-step/${name}.safetensors`)), name);
    const openai = parseSettings(settingsOfDraws(read('openai')), 'openai');
    expect(openai).toMatchObject({ steps: 6, accumulate: 2, draws: 2, microBatch: 3, lr: 0.01, momentum: 0.9, warmup: 1, clipNorm: undefined, condition: 'class+random', patches: 12 });
    expect(parseSettings(settingsOfDraws(read('siglip')), 'siglip')).toMatchObject({ condition: undefined, patches: undefined });
    expect(toNumbers(read('openai').tensors.get('init/visual_proj.bias')!).length).toBe(64);
  });
});
