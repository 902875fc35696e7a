// MMVP-nano and its development set, mined with a CLIP: `npm run mine -- CLIP [ROOT]` rewrites under ROOT (the repository)
// src/data/scenes/mmvp-nano.json and src/data/scenes/mmvp-nano-development.json.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openPath } from '../src/data/files-node';
import { PAIRS_PER_PATTERN } from '../src/data/scenes/mmvp';
import type { Split } from '../src/data/scenes/scene';
import { embedPictures } from '../src/eval/embed';
import { minePairs, type MinedPairs } from '../src/eval/mining';
import { picturesOf } from '../src/eval/scenes';
import { createNodeOrt } from '../src/executors/ort-node';
import { loadClip } from '../src/models/clip';
import { createEncoder } from '../src/models/encoder';

const DEVELOPMENT_PAIRS = 80;
const [folder, root = '.'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: npm run mine -- CLIP [ROOT]');

const clip = await loadClip(await openPath(folder));
const encoder = await createEncoder(clip, createNodeOrt());
const mine = (split: Split, each: number): Promise<MinedPairs> => minePairs(clip.name, split, each, (scenes) => embedPictures({ processor: clip.processor, encoder }, picturesOf(scenes)));

/** A line a pair, so that a change can be read. */
function listOf({ pairs, ...head }: MinedPairs): string {
  return `${JSON.stringify({ ...head, pairs: [] }).slice(0, -2)}\n${pairs.map((pair) => JSON.stringify(pair)).join(',\n')}\n]}\n`;
}

async function write(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), contents);
}

const test = await mine('test', PAIRS_PER_PATTERN);
await write('src/data/scenes/mmvp-nano.json', listOf(test));
const development = await mine('development', DEVELOPMENT_PAIRS);
await write('src/data/scenes/mmvp-nano-development.json', listOf(development));
console.log(`mined ${test.pairs.length} pairs of cosine ${test.threshold} or more, and ${development.pairs.length} of ${development.threshold} or more for development`);
await encoder.dispose();
