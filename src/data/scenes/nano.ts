import { fileInMemory, type FileTree } from '../files';
import { drawScene } from './draw';
import type { Pattern } from './kind';
import { writeMmvp } from './mmvp';
import list from './mmvp-nano.json';
import { pairOf, type ScenePair } from './pairs';
import { encodePng } from './png';
import { sceneOf, seedOf } from './scene';

/** Pictures to tune on where nobody says how many. */
const NANO_PICTURES = 512;

/** The first scenes of the split `train`, as a folder of PNGs. */
export async function nanoPictures(count = NANO_PICTURES): Promise<FileTree> {
  const files = Array.from({ length: count }, async (_, i) => fileInMemory(`${String(i + 1).padStart(4, '0')}.png`, await encodePng(drawScene(sceneOf(seedOf('train', i))))));
  return { name: 'nano pictures', files: await Promise.all(files) };
}

/** The pairs of MMVP-nano, which mmvp-nano.json lists. */
export function nanoPairs(): ScenePair[] {
  return list.pairs.map(({ pattern, seed }) => pairOf(pattern as Pattern, seed));
}

/** MMVP-nano as a folder in MMVP-VLM's layout. */
export async function nanoMmvp(): Promise<FileTree> {
  return { name: 'MMVP-nano', files: (await writeMmvp(nanoPairs())).map(({ path, bytes }) => fileInMemory(path, bytes)) };
}
