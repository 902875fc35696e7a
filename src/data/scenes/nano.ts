import type { FileTree } from '../files';
import { drawnFile } from './drawn';
import type { Pattern } from './kind';
import { mmvpFiles } from './mmvp';
import list from './mmvp-nano.json';
import { pairOf, type ScenePair } from './pairs';
import { sceneOf, seedOf } from './scene';

/** Pictures to tune on where nobody says how many. */
const NANO_PICTURES = 1024;

/** The first scenes of the split `train`, as a folder of PNGs. */
export function nanoPictures(count = NANO_PICTURES): FileTree {
  return { name: 'nano pictures', files: Array.from({ length: count }, (_, i) => drawnFile(`${String(i + 1).padStart(4, '0')}.png`, sceneOf(seedOf('train', i)))) };
}

/** The pairs of MMVP-nano, which mmvp-nano.json lists. */
export function nanoPairs(): ScenePair[] {
  return list.pairs.map(({ pattern, seed }) => pairOf(pattern as Pattern, seed));
}

/** MMVP-nano as a folder in MMVP-VLM's layout. */
export function nanoMmvp(): FileTree {
  return { name: 'MMVP-nano', files: mmvpFiles(nanoPairs()) };
}
