import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { hasShared, shared } from '../testing/shared';
import type { Picture } from './pictures';
import { parseProcessor, preprocess } from './processor';
import { resize } from './resample';
import { readSafetensors } from './safetensors';

const picture: Picture = { width: 4, height: 2, data: Uint8Array.from({ length: 24 }, (_, i) => i * 10) };
const config = (settings: object) => parseProcessor(JSON.stringify(settings), 'preprocessor_config.json');

describe('parseProcessor', () => {
  it('takes plain numbers as sizes: a shorter edge for CLIP, a square for SigLIP', () => {
    expect(config({ size: 32, crop_size: 32 })).toMatchObject({ resize: { shortestEdge: 32 }, crop: { height: 32, width: 32 }, filter: 'bicubic', scale: 1 / 255 });
    expect(config({ size: 32, image_processor_type: 'SiglipImageProcessor' })).toMatchObject({ resize: { height: 32, width: 32 }, crop: undefined, mean: [0.5, 0.5, 0.5] });
  });

  it.each([
    [{}, /size is missing/],
    [{ size: 1e9 }, /size is 1000000000/],
    [{ size: { height: 2 } }, /size\..* is missing/],
    [{ size: 32, do_center_crop: true }, /crop_size is missing/],
    [{ size: 32, resample: 17 }, /resample is 17/],
    [{ size: 32, image_std: [1, 0, 1] }, /image_std\[1\] is 0/],
    [{ size: 32, rescale_factor: 'x' }, /rescale_factor is "x"/],
  ])('refuses %j', (settings, message) => expect(() => config(settings)).toThrow(message));
});

describe('preprocess', () => {
  const plain = { do_normalize: false, do_rescale: false };

  it('crops the centre, and pads with black where the crop is larger', () => {
    const cut = preprocess(picture, config({ ...plain, do_resize: false, crop_size: { height: 1, width: 2 } }));
    expect([cut.shape, [...cut.data]]).toEqual([[3, 1, 2], [30, 60, 40, 70, 50, 80]]);
    const padded = preprocess(picture, config({ ...plain, do_resize: false, crop_size: { height: 5, width: 2 } }));
    expect([...padded.data.slice(0, 10)]).toEqual([0, 0, 0, 0, 30, 60, 150, 180, 0, 0]);
  });

  it('computes only what the crop shows of a very long picture', () => {
    const line: Picture = { width: 30_000, height: 1, data: new Uint8Array(90_000).fill(255) };
    const { shape, data } = preprocess(line, config({ ...plain, size: 224, crop_size: 224 }));
    expect([shape, data.every((value) => Number(value) === 255)]).toEqual([[3, 224, 224], true]);
  });
});

describe.skipIf(!hasShared)('preprocess against transformers', () => {
  it.each(['clip_224', 'clip_32', 'siglip_224', 'siglip_32'])('%s: the same pixels after resizing, values within 1e-6', async (name) => {
    const file = `preprocess/configs/${name}/preprocessor_config.json`;
    const processor = parseProcessor(readFileSync(shared(file), 'utf8'), file);
    const { tensors } = readSafetensors(readFileSync(shared(`preprocess/${name}.safetensors`)), name);
    expect(tensors.size).toBeGreaterThan(10);
    for (const [key, { shape, data }] of tensors) {
      const [what, photo] = key.split('/') as [string, string];
      const path = shared(`preprocess/photos/${photo}.png`);
      const { data: pixels, info } = await sharp(path, { ignoreIcc: true }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const source: Picture = { width: info.width, height: info.height, data: pixels };
      const got = what === 'resized' ? resize(source, shape[1]!, shape[0]!, 'bicubic').data : preprocess(source, processor).data;
      const worst = Array.from(data as Float32Array).reduce((most, value, i) => Math.max(most, Math.abs(value - Number(got[i]))), got.length === data.length ? 0 : Infinity);
      expect(worst, key).toBeLessThanOrEqual(what === 'resized' ? 0 : 1e-6);
    }
  });
});

interface Case { file: string; expect: string; names?: string[]; role?: string }
const index = shared('malformed/index.json');
const cases = existsSync(index) ? (JSON.parse(readFileSync(index, 'utf8')) as { files: Case[] }).files.filter(({ role }) => role === 'preprocessor_config.json') : [];

describe.skipIf(!hasShared)('malformed preprocessor_config.json', () => {
  it.each(cases)('$file: $expect', ({ file, expect: outcome, names = [] }) => {
    const read = () => parseProcessor(readFileSync(shared(`malformed/${file}`), 'utf8'), file);
    if (outcome === 'loads') expect(read).not.toThrow();
    else expect(read).toThrow(new RegExp(`(${names.join('|')}).*${file}`));
  });
});
