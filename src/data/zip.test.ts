import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import { describe, expect, it } from 'vitest';
import { hasShared, shared } from '../testing/shared';
import { findFile, type FileEntry } from './files';
import { openPath } from './files-node';
import { openZip } from './zip';

async function zipOf(entries: Readonly<Record<string, string>>, options = {}): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [name, text] of Object.entries(entries)) await writer.add(name, new TextReader(text), options);
  return writer.close();
}

function fileOf(bytes: Uint8Array, path = 'a.zip'): FileEntry {
  return { path, size: bytes.length, read: (start, end) => Promise.resolve(new Uint8Array(bytes.slice(start, end))) };
}

describe('openZip', () => {
  it('reads entries whole, in pieces and out of order', async () => {
    const text = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(97 + ((i * i) % 26))).join('');
    for (const level of [0, 6]) {
      const tree = await openZip(fileOf(await zipOf({ 'b/long.txt': text, 'a.txt': 'short' }, { level })));
      expect(tree.files.map(({ path, size }) => [path, size])).toEqual([['a.txt', 5], ['b/long.txt', 100_000]]);
      const long = tree.files[1]!;
      const part = async (start?: number, end?: number) => new TextDecoder().decode(await long.read(start, end));
      for (const [start, end] of [[0, 10], [10, 20], [70_000, 70_010], [5, 8], [99_990, 200_000]] as const) expect(await part(start, end)).toBe(text.slice(start, end));
      expect(await Promise.all([part(), part(50, 60), part()])).toEqual([text, text.slice(50, 60), text]);
    }
  });

  it('leaves out what leads out of the archive, and the side files of macOS', async () => {
    const bytes = await zipOf({ 'a.txt': '1', '../up.txt': '2', 'c:/d.txt': '3', 'x\\y.txt': '4', '__MACOSX/._a.txt': '5', 'b\u0001c.txt': '6' });
    const tree = await openZip(fileOf(bytes));
    expect(tree.files.map(({ path }) => path)).toEqual(['a.txt', 'b\\x01c.txt', 'x/y.txt']);
    expect(tree.skipped).toEqual([{ path: '../up.txt', reason: 'its path leads out of the archive' }, { path: 'c:/d.txt', reason: 'its path leads out of the archive' }]);
  });

  it('refuses passwords and damage in words', async () => {
    await expect(openZip(fileOf(await zipOf({ 'a.txt': 'secret' }, { password: 'p' })))).rejects.toThrow(/a\.txt: it is encrypted/);
    await expect(openZip(fileOf(new Uint8Array(100)))).rejects.toThrow(/not a zip archive.*a\.zip/);
    const bytes = await zipOf({ 'a.txt': 'some text to be damaged' }, { level: 0 });
    bytes[45]! ^= 1;
    await expect((await openZip(fileOf(bytes))).files[0]!.read()).rejects.toThrow(/a\.txt in the archive is damaged.*a\.zip/);
  });
});

describe.skipIf(!hasShared)('openZip on photos.zip', () => {
  it('gives the same bytes as the folder', async () => {
    const expected = JSON.parse(readFileSync(shared('photos/expected.json'), 'utf8')) as { folder: Record<string, { sha256: string }>; 'photos.zip': Record<string, unknown> };
    const tree = await openPath(shared('photos/photos.zip'));
    expect(tree.files.map(({ path }) => path).sort()).toEqual(Object.keys(expected['photos.zip']).filter((path) => !path.startsWith('__MACOSX')).sort());
    for (const [path, { sha256 }] of Object.entries(expected.folder)) {
      const entry = findFile(tree, `Holiday 2020/${path}`);
      if (entry) expect(createHash('sha256').update(await entry.read()).digest('hex'), path).toBe(sha256);
    }
  });
});
