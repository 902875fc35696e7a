import { captionOf, describe } from '../../data/scenes/caption';
import { drawScene } from '../../data/scenes/draw';
import { sceneOf, seedOf, type Scene } from '../../data/scenes/scene';
import type { RetrievalSet } from '../retrieval';

interface NanoRetrieval {
  readonly name: string;
  readonly nature: string;
  /** Pictures, each with a caption of its own. */
  readonly size: number;
  /** The first scene's place in the split `test`. */
  readonly from: number;
  caption(scene: Scene): string;
}

/** Of the coarse captions there are about 170. */
const SETS: readonly NanoRetrieval[] = [
  { name: 'rich captions', nature: 'captions that tell every attribute', size: 250, from: 200_000_000, caption: (scene) => captionOf(scene, 'rich') },
  { name: 'coarse captions', nature: 'captions that tell the thing and the place', size: 150, from: 201_000_000, caption: (scene) => describe(scene, [], true) },
];

/** Two generated sets, always the same: the first scenes of a part of the split `test` whose captions differ. */
export function nanoRetrievalSets(): RetrievalSet[] {
  return SETS.map(({ name, nature, size, from, caption }) => {
    const scenes = new Map<string, Scene>();
    for (let i = 0; scenes.size < size; i++) {
      const scene = sceneOf(seedOf('test', from + i));
      if (!scenes.has(caption(scene))) scenes.set(caption(scene), scene);
    }
    const drawn = [...scenes].map(([text, scene], picture) => ({ text, picture, name: `${name} ${picture}`, load: async () => drawScene(scene) }));
    return { name, nature, captions: drawn, pictures: drawn };
  });
}
