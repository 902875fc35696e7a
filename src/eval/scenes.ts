import { preprocess, type ProcessorConfig } from '../data/processor';
import { drawScene } from '../data/scenes/draw';
import type { Scene } from '../data/scenes/scene';
import type { ClipEncoder } from '../models/encoder';

/** Called now and then with how many of all pictures are done. */
export type OnPictures = (done: number, total: number) => void;

/** Pictures that are drawn and held at a time. */
const AT_ONCE = 64;

/** CLIP's embedding of each scene's picture: L2-normalised, [D]. */
export async function embedScenes(scenes: readonly Scene[], processor: ProcessorConfig, encoder: Pick<ClipEncoder, 'images'>, onPictures?: OnPictures): Promise<Float32Array[]> {
  const embeddings: Float32Array[] = [];
  for (let at = 0; at < scenes.length; at += AT_ONCE) {
    onPictures?.(at, scenes.length);
    embeddings.push(...(await encoder.images(scenes.slice(at, at + AT_ONCE).map((scene) => preprocess(drawScene(scene), processor)))));
  }
  onPictures?.(scenes.length, scenes.length);
  return embeddings;
}
