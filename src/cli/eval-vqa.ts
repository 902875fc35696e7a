import { decodePicture } from '../data/decode-node';
import { openPath } from '../data/files-node';
import { preprocess } from '../data/processor';
import type { LazyPicture } from '../eval/embed';
import { Reader, READER, type PictureTokens } from '../eval/reader';
import { picturesOf } from '../eval/scenes';
import type { PairedTest } from '../eval/score';
import { createTokenEncoder } from '../eval/tokens';
import { compareVqa, vqaScore, type VqaItems, type VqaScore } from '../eval/vqa';
import { readVqa } from '../eval/vqa-file';
import { SCENE_QUESTIONS, sceneQuestions } from '../eval/vqa-scenes';
import type { Executor } from '../executors/executor';
import type { Tensor } from '../ir/tensor';
import type { ClipModel } from '../models/clip';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead } from './eval-models';

/** report.json: the score, and against a baseline that one's score and the test between the two. */
export interface VqaFile extends EvalHead, VqaScore {
  readonly reader: string;
  readonly train_questions: number;
  readonly baseline?: VqaScore;
  readonly mcnemar?: PairedTest;
}

interface Task extends VqaItems {
  readonly pictures: readonly LazyPicture[];
}

const THE_READER = `a transformer of ${READER.layers} layers, ${READER.width} wide, on the frozen class and patch tokens; ${READER.steps} steps, seed ${READER.seed}`;
/** Pictures that are held at a time. */
const AT_ONCE = 32;

/** `eval vqa`: yes/no questions answered from a model's frozen vision tokens. */
export async function evaluateVqa(argv: string[]): Promise<VqaFile> {
  const options = parseEvalOptions('vqa', argv);
  const task = options.data === undefined ? sceneTask() : await fileTask(options.data);
  const { head, results: [after, before] } = await withModels(options, (clip, executor) => answersOf(clip, task, executor));
  const { train, test } = task;
  const against = before && { baseline: vqaScore(test, before), mcnemar: compareVqa(test, before, after) };
  return writeReport({ ...head, reader: THE_READER, train_questions: train.length, ...vqaScore(test, after), ...against }, options.out);
}

function sceneTask(): Task {
  const { pictures, train, test } = sceneQuestions(SCENE_QUESTIONS);
  return { train, test, pictures: picturesOf(pictures) };
}

async function fileTask(path: string): Promise<Task> {
  const { pictures, train, test } = await readVqa(await openPath(path));
  return { train, test, pictures: pictures.map((file) => ({ name: file.path, load: () => decodePicture(file) })) };
}

async function answersOf(clip: ClipModel, { pictures, train, test }: Task, executor: Executor): Promise<boolean[]> {
  const tokens = await tokensOf(clip, pictures, executor);
  const tell = (step: number, loss: number): void => {
    if (step % 50 === 0) console.error(`${clip.name}: step ${step} of ${READER.steps}, loss ${loss.toFixed(3)}`);
  };
  const reader = await Reader.train(train, tokens, clip.tokenizer, executor, READER, tell);
  try {
    return await reader.answer(test);
  } finally {
    await reader.dispose();
  }
}

async function tokensOf(clip: ClipModel, pictures: readonly LazyPicture[], executor: Executor): Promise<PictureTokens> {
  const encoder = await createTokenEncoder(clip, executor);
  const progress = progressOf(clip.name);
  const of: Float32Array[] = [];
  try {
    while (of.length < pictures.length) {
      progress(of.length, pictures.length);
      const pixels: Tensor[] = [];
      for (const picture of pictures.slice(of.length, of.length + AT_ONCE)) pixels.push(preprocess(await picture.load(), clip.processor));
      of.push(...(await encoder.tokens(pixels)));
    }
    return { count: encoder.count, width: encoder.width, of };
  } finally {
    await encoder.dispose();
  }
}
