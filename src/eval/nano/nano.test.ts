import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Random } from '../../data/scenes/random';
import { drawScene } from '../../data/scenes/draw';
import { sceneOf } from '../../data/scenes/scene';
import * as corruptions from './corruptions';
import { nanoZeroShotSets } from './zero-shot-sets';

const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 12);

describe('corruptions', () => {
  const picture = drawScene(sceneOf(7));
  const apply = (name: keyof typeof corruptions, seed = 1): Uint8Array => corruptions[name](picture, new Random(seed)).data;

  it('keep the size and give the same bytes everywhere', () => {
    const bytes = (Object.keys(corruptions) as (keyof typeof corruptions)[]).map((name) => [name, sha(apply(name))]);
    expect(new Set(bytes.map(([, hash]) => hash)).size).toBe(16);
    expect(Object.fromEntries(bytes)).toMatchInlineSnapshot(`
      {
        "blurred": "80a214966b2e",
        "bright": "c820881b209b",
        "coarse": "bf564df46aaa",
        "dark": "234bf54bd4ee",
        "grey": "8ee2297cddc7",
        "hueShifted": "57a2672c5fbb",
        "inverted": "aedca5cd1d33",
        "lowContrast": "c3bbcf371090",
        "mirrored": "c81fd05654c8",
        "noisy": "a2ac87c3b9e8",
        "occluded": "6b1c71d41ebe",
        "posterised": "40336c27ce08",
        "quantised": "9d2560b95773",
        "rotated": "707c04f4403d",
        "sketch": "65f5e4942fba",
        "tiled": "c472153b1754",
      }
    `);
    expect(apply('quantised')).toHaveLength(picture.data.length);
  });

  it('undo themselves where they should', () => {
    const again = (name: keyof typeof corruptions, times: number): string => sha(Array.from({ length: times }).reduce<typeof picture>((now) => corruptions[name](now, new Random(0)), picture).data);
    for (const [name, times] of [['inverted', 2], ['mirrored', 2], ['rotated', 4], ['hueShifted', 3]] as const) expect(again(name, times), name).toBe(sha(picture.data));
  });

  it('have the strength they state', () => {
    const flat = { width: 64, height: 64, data: new Uint8Array(3 * 64 * 64).fill(128) };
    const noise = corruptions.noisy(flat, new Random(3)).data;
    expect(Math.sqrt(noise.reduce((sum, value) => sum + (value - 128) ** 2, 0) / noise.length)).toBeCloseTo(40, -1);
    const dot = { width: 33, height: 33, data: new Uint8Array(3 * 33 * 33) };
    dot.data.fill(255, 3 * (16 * 33 + 16), 3 * (16 * 33 + 17));
    const spread = corruptions.blurred({ ...dot, data: dot.data }, new Random(0)).data;
    expect(spread[3 * (16 * 33 + 16)]).toBe(Math.round(255 * (12870 / 65536) ** 2));
    const hidden = corruptions.occluded({ ...flat, data: flat.data.map(() => 0) }, new Random(5)).data;
    expect(hidden.filter((value) => value === 128)).toHaveLength(3 * 25 * 25);
    for (const name of ['blurred', 'coarse', 'tiled', 'quantised', 'grey'] as const) expect(new Set(corruptions[name](flat, new Random(0)).data).size, name).toBe(1);
  });
});

describe('the 27 sets', () => {
  const sets = nanoZeroShotSets(50);

  it('are as many, each of another nature, with every label among its classes', () => {
    expect(sets).toHaveLength(27);
    expect(new Set(sets.map(({ nature }) => nature)).size).toBe(27);
    for (const { name, classes, pictures } of sets) {
      expect(new Set(classes.map((one) => one.name)).size, name).toBe(classes.length);
      expect(pictures.every(({ label }) => classes[label] !== undefined), name).toBe(true);
      expect(pictures, name).toHaveLength(50);
    }
  });

  it('call their classes what captions call them', () => {
    const prompts = (set: string, name: string): readonly string[] => sets.find((one) => one.name === set)!.classes.find((one) => one.name === name)!.prompts;
    expect(prompts('kinds', 'apple')).toEqual(['a photo of an apple', 'a photo of apples']);
    expect(prompts('kinds', 'die')).toEqual(['a photo of a die']);
    expect(prompts('counts', 'four')).toEqual(['a photo of four balloons', 'a photo of four ducks']);
    expect(prompts('orientations', 'facing left')).toContain('a photo of a car facing left');
    expect(prompts('backgrounds', 'snow')).toContain('a photo of a cup in the snow');
    expect(prompts('colours', 'red')).toHaveLength(25);
  });
});
