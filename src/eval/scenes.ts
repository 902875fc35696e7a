import { drawScene } from '../data/scenes/draw';
import type { Scene } from '../data/scenes/scene';
import type { LazyPicture } from './embed';

/** Scenes as pictures to be read, drawn one by one. */
export function picturesOf(scenes: readonly Scene[]): LazyPicture[] {
  return scenes.map((scene) => ({ name: `${scene.kind} ${scene.nuisance}`, load: () => Promise.resolve(drawScene(scene)) }));
}
