import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { randomNumbers } from '../testing/random';
import { hasShared, shared } from '../testing/shared';
import type { Picture } from './pictures';
import { crop, resize, type Filter } from './resample';
import { readSafetensors } from './safetensors';

function noise(width: number, height: number): Picture {
  const random = randomNumbers(width * height);
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256)) };
}

const FILTERS: readonly Filter[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

describe('resize', () => {
  it.each(FILTERS)('%s keeps a flat picture flat and a same-sized one as it is', (filter) => {
    const flat: Picture = { width: 7, height: 5, data: new Uint8Array(7 * 5 * 3).fill(200) };
    for (const [width, height] of [[3, 11], [1, 1], [40, 2]] as const) expect(new Set(resize(flat, width, height, filter).data)).toEqual(new Set([200]));
    const picture = noise(9, 6);
    expect(resize(picture, 9, 6, filter).data).toEqual(picture.data);
  });

  it.each(FILTERS)('%s gives a window of the result as the whole has it', (filter) => {
    const picture = noise(31, 23);
    const window = { top: 3, left: 5, height: 8, width: 13 };
    for (const [width, height] of [[20, 12], [31, 12], [20, 23], [31, 23], [70, 50]] as const) {
      const all = resize(picture, width, height, filter);
      expect(resize(picture, width, height, filter, undefined, window).data).toEqual(crop(all, window).data);
    }
  });

  it('averages what a box covers', () => {
    const picture: Picture = { width: 2, height: 2, data: new Uint8Array([0, 10, 20, 10, 20, 30, 20, 30, 40, 31, 40, 50]) };
    expect([...resize(picture, 1, 1, 'box').data]).toEqual([16, 25, 35]);
  });
});

describe.skipIf(!hasShared)('resize against Pillow', () => {
  it('is the same in every level', async () => {
    const { tensors } = readSafetensors(readFileSync(shared('preprocess/resize.safetensors')), 'resize.safetensors');
    expect(tensors.size).toBe(40);
    for (const [key, { data }] of tensors) {
      const [photo, size, filter] = key.split('/') as [string, string, Filter];
      const [width, height] = size.split('x').map(Number) as [number, number];
      expect(different(resize(await photoOf(photo), width, height, filter).data, data), key).toBe(0);
    }
  });
});

async function photoOf(name: string): Promise<Picture> {
  const { data, info } = await sharp(shared(`preprocess/photos/${name}.png`), { ignoreIcc: true }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function different(a: ArrayLike<number>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).filter((value, i) => value !== Number(b[i])).length;
}
