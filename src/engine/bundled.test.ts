import { readFile, stat } from 'node:fs/promises';
import { expect, it } from 'vitest';

interface Item {
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

it('has the size of every file that comes with the page: run scripts/bundle-manifest.mjs after changing public/', async () => {
  const items = JSON.parse(await readFile('public/bundled.json', 'utf8')) as Item[];
  for (const { folder, files } of items) {
    for (const { path, size } of files) expect({ path, size }).toEqual({ path, size: (await stat(`public/${folder}/${path}`)).size });
  }
});
