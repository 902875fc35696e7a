import { preprocess } from '../data/processor';
import type { Executor } from '../executors/executor';
import type { Tensor } from '../ir/tensor';
import type { ClipModel } from '../models/clip';
import type { LazyPicture, OnPictures } from './embed';
import { Reader, READER, type PictureTokens } from './reader';
import { picturesOf } from './scenes';
import { createTokenEncoder } from './tokens';
import type { VqaItems } from './vqa';
import { SCENE_QUESTIONS, sceneQuestions } from './vqa-scenes';

/** Questions and the pictures that they are about. */
export interface VqaTask extends VqaItems {
  readonly pictures: readonly LazyPicture[];
}

/** Pictures that are held at a time. */
const AT_ONCE = 32;

/** Questions about drawn scenes. */
export function sceneTask(): VqaTask {
  const { pictures, train, test } = sceneQuestions(SCENE_QUESTIONS);
  return { train, test, pictures: picturesOf(pictures) };
}

/** Trains a reader on a model's frozen tokens and asks it the test's questions: whether each was answered right. */
export async function answerQuestions(clip: ClipModel, { pictures, train, test }: VqaTask, executor: Executor, onPictures?: OnPictures, onStep?: (step: number, loss: number) => void): Promise<boolean[]> {
  const tokens = await tokensOf(clip, pictures, executor, onPictures);
  const reader = await Reader.train(train, tokens, clip.tokenizer, executor, READER, onStep);
  try {
    return await reader.answer(test);
  } finally {
    await reader.dispose();
  }
}

async function tokensOf(clip: ClipModel, pictures: readonly LazyPicture[], executor: Executor, onPictures?: OnPictures): Promise<PictureTokens> {
  const encoder = await createTokenEncoder(clip, executor);
  const of: Float32Array[] = [];
  try {
    while (of.length < pictures.length) {
      onPictures?.(of.length, pictures.length);
      const pixels: Tensor[] = [];
      for (const picture of pictures.slice(of.length, of.length + AT_ONCE)) pixels.push(preprocess(await picture.load(), clip.processor));
      of.push(...(await encoder.tokens(pixels)));
    }
    return { count: encoder.count, width: encoder.width, of };
  } finally {
    await encoder.dispose();
  }
}
