import { describe, PROMPT, statementOf } from '../../data/scenes/caption';
import type { Pattern } from '../../data/scenes/kind';
import { nanoPairs } from '../../data/scenes/nano';
import { sceneOf, seedOf } from '../../data/scenes/scene';
import type { Executor } from '../../executors/executor';
import type { ClipModel } from '../../models/clip';
import { realign, REALIGN } from '../../train/realign';
import { dot, embedPictures, type OnPictures, reading } from '../embed';
import type { RetrievalSet } from '../retrieval';
import { picturesOf } from '../scenes';
import { pairIsRight } from '../score';

const SCENES = 2048;
const SEED = 1;

/** What nano-CLIP's vision tower was aligned with: scenes of the split `train` with their coarse captions, the kind alone and with its background. */
export function nanoCaptions(count = SCENES): RetrievalSet {
  const scenes = Array.from({ length: count }, (_, i) => sceneOf(seedOf('train', i)));
  return {
    name: 'nano', nature: 'coarse captions',
    pictures: picturesOf(scenes),
    captions: scenes.flatMap((scene, picture) => [false, true].map((background) => ({ text: describe(scene, [], background), picture }))),
  };
}

export interface PairAnswer {
  readonly pattern: Pattern;
  readonly right: boolean;
}

/**
 * MMVP-nano by the official rule, after the text tower has been aligned again with the vision tower on coarse captions: what feedback has put into the embedding of
 * pictures, the texts can follow. What the commands `realign --nano` and `eval mmvp` give together.
 */
export async function realignedPairs(clip: ClipModel, executor: Executor, onProgress: OnPictures, { pictures, captions } = nanoCaptions(), settings = { ...REALIGN, seed: SEED }): Promise<PairAnswer[]> {
  const pairs = nanoPairs();
  const scenes = pairs.flatMap((pair) => pair.scenes);
  const total = pictures.length + scenes.length + settings.steps;
  return reading(clip, executor, async (reader) => {
    const images = await embedPictures(reader, picturesOf(scenes), (done) => onProgress(done, total));
    const embeddings = await embedPictures(reader, pictures, (done) => onProgress(scenes.length + done, total));
    const aligned = await realign(clip, { embeddings, captions }, settings, executor, ({ step }) => onProgress(scenes.length + pictures.length + step, total));
    const texts = await reading(aligned, executor, ({ encoder }) => encoder.texts(pairs.flatMap(({ pattern, scenes: both }) => both.map((scene) => PROMPT + statementOf(scene, pattern)))));
    return pairs.map(({ pattern }, i) => {
      const [first, second] = [texts[2 * i]!, texts[2 * i + 1]!];
      return { pattern, right: pairIsRight(dot(first, images[2 * i]!), dot(first, images[2 * i + 1]!), dot(second, images[2 * i]!), dot(second, images[2 * i + 1]!)) };
    });
  });
}
