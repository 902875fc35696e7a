import { parseArgs } from 'node:util';
import { openPath } from '../data/files-node';
import { compareReadouts, readAttributes, READOUT, readoutScore, type ReadoutAnswers, type ReadoutComparison, type ReadoutScore } from '../eval/readout';
import { embedScenes } from '../eval/scenes';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import { loadClip, type ClipModel } from '../models/clip';
import { createEncoder } from '../models/encoder';
import { openExecutor } from './executor';
import { writeWhole } from './files';

/** report.json: the score, and against a baseline that one's score and the difference. */
export interface ReadoutReport extends ReadoutScore {
  readonly baseline?: ReadoutScore;
  readonly difference?: ReadoutComparison;
  readonly model: string;
  readonly baseline_model?: string;
  readonly protocol: string;
  readonly executor: string;
}

const PROTOCOL = `linear probes on the class embedding: ${READOUT.train} scenes of validation to fit, the first ${READOUT.mostTested} of each pattern among ${READOUT.test} of test to ask, L2 ${READOUT.l2}`;

/** `eval readout`: what linear probes find of scenes' attributes in a model's embedding. */
export async function evaluateReadout(argv: string[]): Promise<ReadoutReport> {
  const { values: options } = parseArgs({
    args: argv,
    options: { clip: { type: 'string' }, baseline: { type: 'string' }, nano: { type: 'boolean' }, executor: { type: 'string' }, out: { type: 'string' } },
  });
  if (options.clip === undefined || !options.nano) throw new UserError(options.clip === undefined ? 'No model is given' : 'The read-out needs pictures whose attributes are known: the scenes that --nano stands for', 'eval readout', 'Give eval readout --clip DIR [--baseline DIR] --nano --out report.json');
  const models = await Promise.all([options.clip, ...(options.baseline === undefined ? [] : [options.baseline])].map(async (folder) => loadClip(await openPath(folder))));
  const executor = await openExecutor(options.executor);
  const answers: ReadoutAnswers[] = [];
  for (const model of models) answers.push(await answersOf(model, executor));
  await executor.dispose();
  const [after, before] = answers as [ReadoutAnswers, ReadoutAnswers?];
  const report: ReadoutReport = {
    ...readoutScore(after),
    ...(before && { baseline: readoutScore(before), difference: compareReadouts(before, after) }),
    model: models[0]!.name,
    ...(models[1] && { baseline_model: models[1].name }),
    protocol: PROTOCOL,
    executor: executor.description,
  };
  if (options.out !== undefined) await writeWhole(options.out, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

async function answersOf(model: ClipModel, executor: Executor): Promise<ReadoutAnswers> {
  const encoder = await createEncoder(model, executor);
  try {
    return await readAttributes((scenes) => embedScenes(scenes, model.processor, encoder, (done, total) => console.error(`${model.name}: ${done} of ${total} pictures`)));
  } finally {
    await encoder.dispose();
  }
}
