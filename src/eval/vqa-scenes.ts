import { questionOf, questionsOf } from '../data/scenes/caption';
import { PATTERNS } from '../data/scenes/kind';
import { pairOf } from '../data/scenes/pairs';
import { sceneOf, seedOf, type Scene } from '../data/scenes/scene';
import type { VqaItem, VqaItems } from './vqa';

export interface SceneQuestions {
  /** Scenes of `validation` to learn from, each with two questions about each of its attributes. */
  readonly scenes: number;
  /** Pairs of each pattern of `test`, the question of a pair asked of both its pictures: true of one, not of the other. */
  readonly pairs: number;
}

export const SCENE_QUESTIONS: SceneQuestions = { scenes: 3000, pairs: 60 };

/** Where the pairs' seeds begin: MMVP-nano's candidates lie before. */
const FIRST_PAIR = 1000;

/** Questions about scenes, MMVP's way. A reader that does not see the picture gets half of the questions right and none of the pairs. */
export function sceneQuestions({ scenes, pairs }: SceneQuestions): VqaItems & { readonly pictures: readonly Scene[] } {
  const learned = Array.from({ length: scenes }, (_, i) => sceneOf(seedOf('validation', i)));
  const train = learned.flatMap((scene, picture) => questionsOf(scene).map((item): VqaItem => ({ picture, ...item })));
  const asked = PATTERNS.flatMap((pattern) => Array.from({ length: pairs }, (_, i) => ({ i, ...pairOf(pattern, seedOf('test', FIRST_PAIR + i)) })));
  const test = asked.flatMap(({ pattern, i, scenes: both }, at) => {
    const value = both[i % 2]!.attributes[pattern]!;
    return both.map((scene, side): VqaItem => ({ picture: scenes + 2 * at + side, ...questionOf(scene, pattern, value), pattern, pair: `${pattern}/${i}` }));
  });
  return { pictures: [...learned, ...asked.flatMap(({ scenes: both }) => both)], train, test };
}
