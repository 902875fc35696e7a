import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasShared, shared } from '../testing/shared';
import { findFile, subtree } from './files';
import { treeOfFiles } from './files-browser';
import { openPath } from './files-node';
import { surveyPictures } from './pictures';
import { encodePng } from './scenes/png';

describe('openPath', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'seebetter-files-'));
    const snapshot = join(root, 'models--a--b', 'snapshots', 'abc');
    await mkdir(join(root, 'chosen', 'inner'), { recursive: true });
    await mkdir(snapshot, { recursive: true });
    await writeFile(join(root, 'secret.txt'), 'secret');
    await writeFile(join(root, 'chosen', 'b.txt'), '0123456789');
    await writeFile(join(root, 'chosen', 'inner', 'a.txt'), 'a');
    await writeFile(join(root, 'models--a--b', 'blob'), 'weights');
    await symlink('../secret.txt', join(root, 'chosen', 'out.txt'));
    await symlink('b.txt', join(root, 'chosen', 'within.txt'));
    await symlink('..', join(root, 'chosen', 'inner', 'up'));
    await symlink('nowhere', join(root, 'chosen', 'dangling'));
    await symlink('../../blob', join(snapshot, 'model.bin'));
  });
  afterAll(() => rm(root, { recursive: true }));

  it('lists a folder in order, follows links inside it and says what it left out', async () => {
    const tree = await openPath(join(root, 'chosen'));
    expect(tree.name).toBe('chosen');
    expect(tree.files.map(({ path, size }) => [path, size])).toEqual([['b.txt', 10], ['inner/a.txt', 1], ['within.txt', 10]]);
    expect(tree.skipped!.map(({ path }) => path)).toEqual(['dangling', 'inner/up', 'out.txt']);
    expect(subtree(tree, 'inner').files.map(({ path }) => path)).toEqual(['a.txt']);
  });

  it('takes nested folders of 5,000 pictures', async () => {
    const folder = join(root, 'many');
    const png = encodePng({ width: 2, height: 3, data: new Uint8Array(18) });
    for (let i = 0; i < 50; i++) {
      await mkdir(join(folder, `${i % 7}`, `${i}`), { recursive: true });
      await Promise.all(Array.from({ length: 100 }, (_, k) => writeFile(join(folder, `${i % 7}`, `${i}`, `${k}.png`), k === 99 ? 'no picture' : png)));
    }
    const { pictures, skipped } = await surveyPictures(await openPath(folder));
    expect([pictures.length, skipped.length]).toEqual([4950, 50]);
    expect(pictures.map(({ path }) => path)).toEqual(pictures.map(({ path }) => path).sort());
  });

  it('reads ranges, clamped to the file', async () => {
    const file = findFile(await openPath(join(root, 'chosen')), 'b.txt')!;
    const text = async (start?: number, end?: number) => new TextDecoder().decode(await file.read(start, end));
    expect([await text(), await text(2, 4), await text(8, 99), await text(20, 30)]).toEqual(['0123456789', '23', '89', '']);
  });

  it('follows the links of the Hugging Face cache', async () => {
    const { files } = await openPath(join(root, 'models--a--b', 'snapshots', 'abc'));
    expect(files.map(({ path, size }) => [path, size])).toEqual([['model.bin', 7]]);
  });

  it('takes a single file, and refuses a path that is not there', async () => {
    expect((await openPath(join(root, 'secret.txt'))).files.map(({ path }) => path)).toEqual(['secret.txt']);
    await expect(openPath(join(root, 'absent'))).rejects.toThrow(/no such file.*absent/);
  });
});

describe('treeOfFiles', () => {
  it('reads blobs', async () => {
    const tree = await treeOfFiles('dropped', [{ path: 'b/x.txt', blob: new Blob(['hello']) }, { path: 'a.txt', blob: new Blob(['']) }]);
    expect(tree.files.map(({ path, size }) => [path, size])).toEqual([['a.txt', 0], ['b/x.txt', 5]]);
    expect(new TextDecoder().decode(await tree.files[1]!.read(1, 4))).toBe('ell');
  });

  it.skipIf(!hasShared)('opens a lone archive', async () => {
    const tree = await treeOfFiles('photos.zip', [{ path: 'photos.zip', blob: new Blob([readFileSync(shared('photos/photos.zip'))]) }]);
    expect(findFile(tree, 'Holiday 2020/coffee.jpg')?.size).toBe(65153);
  });
});
