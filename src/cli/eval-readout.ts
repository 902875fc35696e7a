import { embedPictures, reading } from '../eval/embed';
import { compareReadouts, readAttributes, READOUT, readoutScore, type ReadoutComparison, type ReadoutScore } from '../eval/readout';
import { picturesOf } from '../eval/scenes';
import { UserError } from '../ir/errors';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead } from './eval-models';

/** report.json: the score, and against a baseline that one's score and the difference. */
export interface ReadoutFile extends EvalHead, ReadoutScore {
  readonly protocol: string;
  readonly baseline?: ReadoutScore;
  readonly difference?: ReadoutComparison;
}

const PROTOCOL = `linear probes on the class embedding: ${READOUT.train} scenes of validation to fit, the first ${READOUT.mostTested} of each pattern among ${READOUT.test} of test to ask, L2 ${READOUT.l2}`;

/** `eval readout`: what linear probes find of scenes' attributes in a model's embedding. */
export async function evaluateReadout(argv: string[]): Promise<ReadoutFile> {
  const options = parseEvalOptions('readout', argv);
  if (options.data !== undefined) throw new UserError('The read-out needs pictures whose attributes are known', 'eval readout --data', 'Give --nano, the generated scenes, instead');
  const { head, results: [after, before] } = await withModels(options, (clip, executor) => reading(clip, executor, (reader) => readAttributes((scenes) => embedPictures(reader, picturesOf(scenes), progressOf(clip.name)))));
  return writeReport({ ...head, protocol: PROTOCOL, ...readoutScore(after), ...(before && { baseline: readoutScore(before), difference: compareReadouts(before, after) }) }, options.out);
}
