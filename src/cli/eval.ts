import { parseArgs } from 'node:util';
import { readSafetensors } from '../data/safetensors';
import { mcnemar, pairsRight, PATTERN_OF_PAIR, scoreMmvp, verifySimilarities, type McNemar, type MmvpScore } from '../eval/score';
import { UserError } from '../ir/errors';
import { toNumbers } from '../ir/tensor';
import { readBytes, writeWhole } from './files';

/** report.json: the score, and against a baseline that one's score and the test between the two. */
export interface Report extends MmvpScore {
  readonly baseline?: MmvpScore;
  readonly mcnemar?: McNemar;
}

/** `eval mmvp`: scores a model, or ready similarities. */
export async function evaluate([benchmark, ...argv]: string[]): Promise<Report> {
  if (benchmark !== 'mmvp') throw new UserError(`There is no benchmark "${benchmark ?? ''}"`, 'eval', 'Use eval mmvp');
  const { values: options } = parseArgs({
    args: argv,
    options: { scores: { type: 'string' }, set: { type: 'string' }, 'baseline-set': { type: 'string' }, out: { type: 'string' } },
  });
  if (!options.scores || !options.set) throw new UserError('--scores or --set is missing', 'eval mmvp', 'Give --scores F --set NAME [--baseline-set NAME]');
  const read = await similaritiesIn(options.scores);
  const report = reportOf(read(options.set), options['baseline-set'] === undefined ? undefined : read(options['baseline-set']), PATTERN_OF_PAIR);
  if (options.out !== undefined) await writeWhole(options.out, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

function reportOf(similarities: ArrayLike<number>, baseline: ArrayLike<number> | undefined, patterns: readonly string[], numbers?: readonly number[]): Report {
  const score = scoreMmvp(similarities, patterns, numbers);
  if (!baseline) return score;
  return { ...score, baseline: scoreMmvp(baseline, patterns, numbers), mcnemar: mcnemar(pairsRight(baseline), pairsRight(similarities)) };
}

/** Opens a file of similarity sets [135, caption 2, image 2]. */
async function similaritiesIn(path: string): Promise<(set: string) => Float64Array> {
  const { tensors } = readSafetensors(await readBytes(path), path);
  return (set) => {
    const tensor = tensors.get(set);
    if (!tensor) throw new UserError(`There is no set "${set}"`, path, `Use one of ${[...tensors.keys()].join(', ')}`);
    const values = toNumbers(tensor);
    verifySimilarities(values, tensor.shape, `${path}, ${set}`);
    return values;
  };
}
