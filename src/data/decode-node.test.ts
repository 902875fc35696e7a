import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import { hasShared, shared } from '../testing/shared';
import { decodePicture } from './decode-node';
import type { FileEntry, FileTree } from './files';
import { openPath } from './files-node';
import { examinePicture, surveyPictures, type Picture } from './pictures';

function fileOf(bytes: Uint8Array, path = 'a.jpg'): FileEntry {
  return { path, size: bytes.length, read: (start, end) => Promise.resolve(new Uint8Array(bytes.slice(start, end))) };
}

const gradient = sharp(Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7) % 256), { raw: { width: 40, height: 30, channels: 3 } });

describe('decodePicture and examinePicture', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('%s: the header agrees with the picture, and no beginning of the file is an uncaught error', async (format) => {
    const bytes = await gradient.clone().toFormat(format).toBuffer();
    expect(await examinePicture(fileOf(bytes))).toMatchObject({ status: 'image', format, width: 40, height: 30 });
    expect(await decodePicture(fileOf(bytes))).toMatchObject({ width: 40, height: 30 });
    const lengths = Array.from({ length: Math.min(400, bytes.length) }, (_, i) => i);
    for (const length of lengths) expect(['image', 'damaged', 'empty', 'not-an-image', 'unsupported']).toContain((await examinePicture(fileOf(bytes.subarray(0, length)))).status);
    await expect(decodePicture(fileOf(bytes.subarray(0, bytes.length * 0.6)))).rejects.toThrow(/a\.jpg/);
  });

  it.each(['jpeg', 'png', 'webp'] as const)('%s: turned by its EXIF orientation', async (format) => {
    const upright = await decodePicture(fileOf(await gradient.clone().toFormat(format, { quality: 100, lossless: true }).toBuffer()));
    const lying = await gradient.clone().rotate(270).toFormat(format, { quality: 100, lossless: true }).withMetadata({ orientation: 6 }).toBuffer();
    expect(await examinePicture(fileOf(lying))).toMatchObject({ status: 'image', width: 40, height: 30 });
    const turned = await decodePicture(fileOf(lying));
    expect([turned.width, turned.height]).toEqual([40, 30]);
    const difference = turned.data.reduce((sum, level, i) => sum + Math.abs(level - upright.data[i]!), 0) / turned.data.length;
    expect(difference).toBeLessThan(format === 'jpeg' ? 8 : 0.01);
  });

  it('refuses what is no picture with the name of what it is', async () => {
    const said = (text: string) => decodePicture(fileOf(new TextEncoder().encode(text))).catch((error: Error) => error.message);
    expect(await said('<!doctype html><title>404')).toMatch(/web page.*a\.jpg/);
    expect(await said('<svg xmlns="http://www.w3.org/2000/svg"/>')).toMatch(/SVG.*a\.jpg/);
    expect(await said('hello')).toMatch(/text, not a picture/);
    expect(await said('')).toMatch(/empty/);
  });
});

interface Expected { status: string; width?: number; height?: number; format?: string; quadrants?: number[][]; quadrants_icc_to_srgb?: number[][]; quadrants_alpha_dropped?: number[][] }

describe.skipIf(!hasShared)('photos/folder', () => {
  let tree: FileTree;
  let expected: Record<string, Expected>;
  beforeAll(async () => {
    tree = await openPath(shared('photos/folder'));
    expected = (JSON.parse(readFileSync(shared('photos/expected.json'), 'utf8')) as { folder: Record<string, Expected> }).folder;
  });

  it('has every file as expected: status, size, colours', async () => {
    expect(tree.files.map(({ path }) => path).sort()).toEqual(Object.keys(expected).sort());
    for (const file of tree.files) {
      const want = expected[file.path]!;
      const verdict = await examinePicture(file);
      const picture = verdict.status === 'image' ? await decodePicture(file).catch((error: Error) => error) : undefined;
      const status = picture instanceof Error ? 'damaged' : verdict.status;
      if (want.status !== 'either') expect(status, file.path).toBe(want.status);
      if (picture instanceof Error) expect(picture, file.path).toBeInstanceOf(UserError);
      if (want.status !== 'image') continue;
      expect(verdict, file.path).toMatchObject({ format: want.format, width: want.width, height: want.height });
      expect(picture, file.path).toMatchObject({ width: want.width, height: want.height });
      const colours = (want.quadrants_icc_to_srgb ?? want.quadrants_alpha_dropped ?? want.quadrants!).flat();
      const worst = quadrants(picture as Picture).reduce((most, value, i) => Math.max(most, Math.abs(value - colours[i]!)), 0);
      if (want.width! > 1) expect(worst, file.path).toBeLessThan(1.5);
    }
  });

  it('is surveyed in order, with what was skipped', async () => {
    const { pictures, skipped } = await surveyPictures(tree);
    const paths = pictures.map(({ path }) => path);
    expect(paths).toEqual([...paths].sort());
    const pixelsOnly = ['broken/bad_crc.png', 'broken/bit_rot.jpg', 'broken/truncated.png', 'broken/truncated_half.jpg'];
    const wanted = Object.keys(expected).filter((path) => expected[path]!.status === 'image');
    expect(paths).toEqual([...wanted, ...pixelsOnly].sort());
    expect(skipped.map(({ path }) => path).sort()).toEqual(Object.keys(expected).filter((path) => !paths.includes(path) && expected[path]!.status !== 'ignored').sort());
  });
});

interface Case { file: string; kind: string; expect: string; names?: string[]; also?: string }
const cases = hasShared ? (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: Case[] }).files.filter(({ kind }) => kind === 'image') : [];

describe.skipIf(!hasShared)('malformed pictures', () => {
  it.each(cases)('$file: $expect', async ({ file, expect: outcome, names = [], also = '' }) => {
    const before = process.memoryUsage().rss;
    const [entry] = (await openPath(shared(`malformed/${file}`))).files;
    const result = await decodePicture(entry!).catch((error: Error) => error);
    expect(process.memoryUsage().rss - before).toBeLessThan(512e6);
    if (result instanceof Error) {
      expect(outcome).not.toBe('loads');
      expect(result).toBeInstanceOf(UserError);
      expect(names.some((name) => result.message.toLowerCase().includes(name.toLowerCase())), result.message).toBe(true);
    } else expect(`${outcome} ${also}`).toMatch(/loads/);
  }, 10_000);
});

/** Mean red, green and blue of the four quadrants, row by row. */
function quadrants({ width, height, data }: Picture): number[] {
  const [w, h] = [Math.floor(width / 2), Math.floor(height / 2)];
  return [[0, 0], [width - w, 0], [0, height - h], [width - w, height - h]].flatMap(([left, top]) => {
    const sums = [0, 0, 0];
    for (let y = top!; y < top! + h; y++) {
      for (let x = left!; x < left! + w; x++) for (let channel = 0; channel < 3; channel++) sums[channel]! += data[(y * width + x) * 3 + channel]!;
    }
    return sums.map((sum) => sum / (w * h));
  });
}
