import { parseArgs } from 'node:util';
import { decodePicture } from '../data/decode-node';
import { openFile, openPath } from '../data/files-node';
import { readSafetensors } from '../data/safetensors';
import { reading } from '../eval/embed';
import { loadMmvp, mmvpSimilarities, type Mmvp } from '../eval/mmvp';
import { mmvpOfScenes, parseMined, scenePairs } from '../eval/mining';
import { mcnemar, pairsRight, PATTERN_OF_PAIR, scoreMmvp, verifySimilarities, type McNemar, type MmvpScore } from '../eval/score';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import { toNumbers } from '../ir/tensor';
import type { ClipModel } from '../models/clip';
import { openExecutor } from './executor';
import { readBytes, writeWhole } from './files';
import { openClip } from './model';

/** report.json: the score, and against a baseline that one's score and the test between the two. */
export interface Report extends MmvpScore {
  readonly baseline?: MmvpScore;
  readonly mcnemar?: McNemar;
  readonly model?: string;
  readonly baseline_model?: string;
  readonly readout?: string;
  readonly executor?: string;
  /** Pairs that do not count, and why. */
  readonly warnings?: readonly string[];
}

const USAGE = 'Give eval mmvp --clip DIR [--baseline DIR] --mmvp PATH [--questions CSV] --out report.json, with --pairs LIST.json in place of --mmvp PATH, or --scores F --set NAME [--baseline-set NAME] --out report.json';

/** `eval mmvp`: scores a model, or ready similarities. */
export async function evaluateMmvp(argv: string[]): Promise<Report> {
  const { values: options } = parseArgs({
    args: argv,
    options: {
      scores: { type: 'string' }, set: { type: 'string' }, 'baseline-set': { type: 'string' },
      clip: { type: 'string' }, baseline: { type: 'string' }, mmvp: { type: 'string' }, pairs: { type: 'string' }, questions: { type: 'string' }, executor: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const { scores, set, clip, mmvp } = options;
  let report: Report;
  if (scores !== undefined && set !== undefined) report = await fromScores(scores, set, options['baseline-set']);
  else if (clip !== undefined && mmvp !== undefined) report = await fromModels(clip, options.baseline, await loadMmvp(await openPath(mmvp), options.questions === undefined ? undefined : await openFile(options.questions)), options.executor);
  else if (clip !== undefined && options.pairs !== undefined) report = await fromModels(clip, options.baseline, await minedMmvp(options.pairs), options.executor);
  else throw new UserError('Neither a model with its pictures nor a file of similarities is given', 'eval mmvp', USAGE);
  if (options.out !== undefined) await writeWhole(options.out, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

async function fromScores(path: string, set: string, baselineSet: string | undefined): Promise<Report> {
  const read = await similaritiesIn(path);
  return reportOf(read(set), baselineSet === undefined ? undefined : read(baselineSet), PATTERN_OF_PAIR);
}

async function fromModels(clip: string, baseline: string | undefined, mmvp: Mmvp, kind: string | undefined): Promise<Report> {
  for (const warning of mmvp.warnings) console.error(`warning: ${warning}`);
  const models = await Promise.all([clip, ...(baseline === undefined ? [] : [baseline])].map(openClip));
  const executor = await openExecutor(kind);
  const similarities: Float32Array[] = [];
  for (const model of models) similarities.push(await similaritiesOf(mmvp, model, executor));
  await executor.dispose();
  const report = reportOf(similarities[0]!, similarities[1], mmvp.pairs.map(({ pattern }) => pattern), mmvp.pairs.map(({ number }) => number));
  return { ...report, model: models[0]!.name, ...(models[1] && { baseline_model: models[1].name }), readout: 'plain CLIP embedding', executor: executor.description, warnings: mmvp.warnings };
}

/** The scenes of a list of mined pairs. */
async function minedMmvp(path: string): Promise<Mmvp> {
  return mmvpOfScenes(path, scenePairs(parseMined(new TextDecoder().decode(await readBytes(path)), path)));
}

/** One model's score. */
export async function scoreOf(mmvp: Mmvp, model: ClipModel, executor: Executor): Promise<MmvpScore> {
  return scoreMmvp(await similaritiesOf(mmvp, model, executor), mmvp.pairs.map(({ pattern }) => pattern), mmvp.pairs.map(({ number }) => number));
}

function similaritiesOf(mmvp: Mmvp, model: ClipModel, executor: Executor): Promise<Float32Array> {
  return reading(model, executor, (reader) => mmvpSimilarities(mmvp, reader, decodePicture, (done, total) => console.error(`${model.name}: ${done} of ${total} pairs`)));
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
