import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import { hasShared, shared } from '../testing/shared';
import { openArchive } from './archive';
import type { FileEntry } from './files';
import { openPath } from './files-node';
import { examinePicture, surveyPictures } from './pictures';

function fileOf(bytes: Uint8Array, path: string): FileEntry {
  return { path, size: bytes.length, read: (start, end) => Promise.resolve(new Uint8Array(bytes.slice(start, end))) };
}

/** A tar archive of text files; `type` is POSIX's typeflag. */
function tarOf(entries: readonly (readonly [name: string, text: string, type?: string])[]): Uint8Array {
  const blocks = entries.flatMap(([name, text, type = '0']) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'utf8');
    header.write(Buffer.byteLength(text).toString(8).padStart(11, '0'), 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    header.write(header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0'), 148);
    return [header, Buffer.from(text), Buffer.alloc((512 - (Buffer.byteLength(text) % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe('openArchive', () => {
  const long = `${'deep/'.repeat(30)}name.txt`;
  const record = `${` path=${long}\n`.length + 3} path=${long}\n`;
  const tar = tarOf([['b.txt', 'bee'], ['folder/', '', '5'], ['x', record, 'x'], ['short', 'long'], ['l', `${long}2\0`, 'L'], ['short', 'gnu'], ['../up.txt', 'no'], ['link', '', '2']]);

  it.each([['a.tar', tar], ['a.tar.gz', gzipSync(tar)], ['a.tgz', gzipSync(tar)], ['no-name', tar]])('%s', async (path, bytes) => {
    const tree = (await openArchive(fileOf(bytes, path)))!;
    expect(tree.files.map((file) => [file.path, file.size])).toEqual([['b.txt', 3], [long, 4], [`${long}2`, 3]]);
    expect(await Promise.all(tree.files.map(async (file) => new TextDecoder().decode(await file.read())))).toEqual(['bee', 'long', 'gnu']);
    expect(new TextDecoder().decode(await tree.files[0]!.read(1, 9))).toBe('ee');
    expect(tree.skipped!.map((entry) => entry.path)).toEqual(['../up.txt', 'link']);
  });

  it('leaves other files alone', async () => {
    expect(await openArchive(fileOf(Buffer.from('hello'), 'a.txt'))).toBeUndefined();
    expect(await openArchive(fileOf(gzipSync('hello'), 'a.txt.gz'))).toBeUndefined();
  });
});

interface Photo { status?: string; sha256: string }
interface Sample { image?: string; path?: string; from: string; width: number; height: number }

describe.skipIf(!hasShared)('archives of photos', () => {
  const read = () => JSON.parse(readFileSync(shared('photos/expected.json'), 'utf8')) as { folder: Record<string, Photo>; 'photos.zip': Record<string, Photo>; 'photos.tar': Record<string, Sample>; 'photos.parquet': Sample[] };

  it.each(['photos.tar', 'photos.parquet'] as const)('%s holds the photos it should', async (name) => {
    const expected = read();
    const samples = Object.values<Sample>(expected[name]);
    const { pictures } = await surveyPictures(await openPath(shared(`photos/${name}`)));
    expect(pictures.map(({ path }) => path).sort()).toEqual(samples.map(({ image, path }) => image ?? path).sort());
    for (const { image, path, from, width, height } of samples) {
      const file = pictures.find((picture) => picture.path === (image ?? path))!;
      expect(await examinePicture(file)).toMatchObject({ width, height });
      expect(createHash('sha256').update(await file.read()).digest('hex')).toBe(expected.folder[from]!.sha256);
    }
  });

  it('photos.zip: every entry as expected', async () => {
    const tree = await openPath(shared('photos/photos.zip'));
    for (const file of tree.files) {
      const want = read()['photos.zip'][file.path]!;
      const verdict = await examinePicture(file);
      if (want.status !== 'damaged') expect(verdict.status, file.path).toBe(want.status);
    }
  });
});

interface Case { file: string; kind: string; expect: string; names?: string[]; pictures?: number; also?: string }
const cases = hasShared ? (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: Case[] }).files.filter(({ kind }) => kind === 'archive' || kind === 'parquet') : [];

describe.skipIf(!hasShared)('malformed archives', () => {
  it.each(cases)('$file: $expect', async ({ file, expect: outcome, names = [], pictures, also = '' }) => {
    const before = process.memoryUsage().rss;
    const said: string[] = [];
    let failed = false;
    let found = 0;
    try {
      const survey = await surveyPictures(await openPath(shared(`malformed/${file}`)));
      said.push(...survey.skipped.map(({ path, reason }) => `${path}: ${reason}`));
      found = survey.pictures.length;
      for (const picture of survey.pictures) {
        expect(picture.path).not.toMatch(/\.\.|^\/|:/);
        await picture.read();
      }
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      said.push((error as Error).message);
      failed = true;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(512e6);
    const all = said.join('\n').toLowerCase();
    if (outcome === 'loads' && also !== 'either') expect(failed, all).toBe(false);
    if (pictures !== undefined) expect(found).toBe(pictures);
    if (outcome !== 'loads' && !/loads|either/.test(also)) expect(said).not.toEqual([]);
    if (outcome !== 'loads' && said.length) expect(names.some((name) => all.includes(name.toLowerCase())), all).toBe(true);
  }, 10_000);
});
