import type { FileEntry } from '../files';
import { drawScene, PICTURE_SIZE } from './draw';
import { encodePng, pngSize } from './png';
import type { Scene } from './scene';

/** A scene as a PNG that is drawn when it is first read. */
export function drawnFile(path: string, scene: Scene): FileEntry {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  return { path, size: pngSize(PICTURE_SIZE, PICTURE_SIZE), read: async (start, end) => (bytes ??= encodePng(drawScene(scene))).slice(start, end) };
}
