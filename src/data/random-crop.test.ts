import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { toNumbers } from '../ir/tensor';
import { randomNumbers } from '../testing/random';
import { hasShared, shared } from '../testing/shared';
import { cropResize, randomResizedCrop } from './random-crop';
import { readSafetensors } from './safetensors';

describe('randomResizedCrop', () => {
  it('draws boxes inside the picture, of the wanted area and ratio', () => {
    const uniform = randomNumbers(1);
    for (let i = 0; i < 1000; i++) {
      const { top, left, height, width } = randomResizedCrop(300, 200, uniform, [0.3, 0.5]);
      expect(top >= 0 && left >= 0 && top + height <= 200 && left + width <= 300).toBe(true);
      const area = (width * height) / 60_000;
      expect(area > 0.29 && area < 0.51 && width / height > 0.74 && width / height < 1.35, `${width}x${height}`).toBe(true);
    }
  });

  it('falls back to the largest centred box of an allowed ratio', () => {
    expect(randomResizedCrop(640, 80, randomNumbers(1))).toEqual({ top: 0, left: 266, height: 80, width: 107 });
    expect(randomResizedCrop(50, 500, randomNumbers(1))).toEqual({ top: 216, left: 0, height: 67, width: 50 });
    expect(randomResizedCrop(1, 1, () => 0.5)).toEqual({ top: 0, left: 0, height: 1, width: 1 });
  });
});

describe.skipIf(!hasShared)('cropResize', () => {
  it('is the same as Pillow\'s crop and resize', async () => {
    const { tensors } = readSafetensors(readFileSync(shared('preprocess/diva.safetensors')), 'diva.safetensors');
    const crops = [...tensors].filter(([key]) => key.endsWith('/resized_crop'));
    expect(crops).toHaveLength(6);
    for (const [key, wanted] of crops) {
      const [photo, number] = key.split('/') as [string, string];
      const [top, left, height, width] = toNumbers(tensors.get(`${photo}/${number}/box`)!) as unknown as [number, number, number, number];
      const { data, info } = await sharp(shared(`preprocess/photos/${photo}.png`), { ignoreIcc: true }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const got = cropResize({ width: info.width, height: info.height, data }, { top, left, height, width }, wanted.shape[0]!);
      expect(Buffer.compare(got.data, wanted.data as Uint8Array), key).toBe(0);
    }
  });
});
