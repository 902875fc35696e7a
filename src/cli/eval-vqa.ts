import { decodePicture } from '../data/decode-node';
import { openPath } from '../data/files-node';
import { READER } from '../eval/reader';
import type { PairedTest } from '../eval/score';
import { compareVqa, vqaScore, type VqaScore } from '../eval/vqa';
import { answerQuestions, sceneTask, type VqaTask } from '../eval/vqa-answers';
import { readVqa } from '../eval/vqa-file';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead } from './eval-models';

/** report.json: the score, and against a baseline that one's score and the test between the two. */
export interface VqaFile extends EvalHead, VqaScore {
  readonly reader: string;
  readonly train_questions: number;
  readonly baseline?: VqaScore;
  readonly mcnemar?: PairedTest;
}

const THE_READER = `a transformer of ${READER.layers} layers, ${READER.width} wide, on the frozen class and patch tokens; ${READER.steps} steps, seed ${READER.seed}`;

/** `eval vqa`: yes/no questions answered from a model's frozen vision tokens. */
export async function evaluateVqa(argv: string[]): Promise<VqaFile> {
  const options = parseEvalOptions('vqa', argv);
  const task = options.data === undefined ? sceneTask() : await fileTask(options.data);
  const { head, results: [after, before] } = await withModels(options, (clip, executor) => {
    const tell = (step: number, loss: number): void => {
      if (step % 50 === 0) console.error(`${clip.name}: step ${step} of ${READER.steps}, loss ${loss.toFixed(3)}`);
    };
    return answerQuestions(clip, task, executor, progressOf(clip.name), tell);
  });
  const { train, test } = task;
  const against = before && { baseline: vqaScore(test, before), mcnemar: compareVqa(test, before, after) };
  return writeReport({ ...head, reader: THE_READER, train_questions: train.length, ...vqaScore(test, after), ...against }, options.out);
}

async function fileTask(path: string): Promise<VqaTask> {
  const { pictures, train, test } = await readVqa(await openPath(path));
  return { train, test, pictures: pictures.map((file) => ({ name: file.path, load: () => decodePicture(file) })) };
}
