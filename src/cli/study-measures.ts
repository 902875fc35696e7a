import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodePicture } from '../data/decode-node';
import { PATTERNS } from '../data/scenes/kind';
import { embedPictures, type ClipReader } from '../eval/embed';
import { mmvpOfScenes, parseMined, scenePairs } from '../eval/mining';
import { mmvpSimilarities, type Mmvp } from '../eval/mmvp';
import { nanoRetrievalSets } from '../eval/nano/retrieval-sets';
import { nanoSegmentationSet } from '../eval/nano/segmentation-set';
import { nanoZeroShotSets } from '../eval/nano/zero-shot-sets';
import { createPatchReader } from '../eval/patches';
import { readAttributes, readoutScore, type ReadoutAnswers } from '../eval/readout';
import { rankRetrieval, reportRetrieval, type RetrievalRanks } from '../eval/retrieval';
import { picturesOf } from '../eval/scenes';
import { pairedTest, pairsRight, scoreMmvp, type PairedTest } from '../eval/score';
import { segment, type SegmentationCounts } from '../eval/segmentation';
import { reportSegmentation } from '../eval/segmentation-score';
import { compareVqa, vqaScore } from '../eval/vqa';
import { answerQuestions, sceneTask } from '../eval/vqa-answers';
import { rankClasses, reportZeroShot } from '../eval/zero-shot';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import type { ClipEncoder } from '../models/encoder';
import type { Evaluation, Figure } from './study-runs';

const PAIRS = 'src/data/scenes/mmvp-nano.json';

/** A model as it is asked. */
export interface Subject {
  readonly clip: ClipModel;
  readonly executor: Executor;
  readonly encoder: ClipEncoder;
}

/** One of the command line's evaluations on generated data. Its pictures are drawn once for all models. */
interface Measure<A> {
  answers(subject: Subject): Promise<A>;
  /** @param before what the untouched model answers; undefined for that one itself */
  figures(answers: A, before: A | undefined): Partial<Record<Evaluation, Figure>>;
}

const readerOf = ({ clip, encoder }: Subject): ClipReader => ({ processor: clip.processor, encoder });

function pairs(): Measure<Float32Array> {
  let mmvp: Mmvp | undefined;
  return {
    async answers({ clip, encoder }) {
      mmvp ??= mmvpOfScenes(PAIRS, scenePairs(parseMined(await readFile(PAIRS, 'utf8'), PAIRS)));
      return mmvpSimilarities(mmvp, { processor: clip.processor, encoder }, decodePicture);
    },
    figures(similarities, before) {
      const { average_percent: overall, per_pattern } = scoreMmvp(similarities, mmvp!.pairs.map(({ pattern }) => pattern));
      return { pairs: { overall, parts: mapped(per_pattern, ({ percent }) => percent), ...(before && against(pairedTest(pairsRight(before), pairsRight(similarities)))) } };
    },
  };
}

function readout(): Measure<ReadoutAnswers> {
  let pictures: ReturnType<typeof picturesOf> | undefined;
  const all = (answers: ReadoutAnswers): boolean[] => PATTERNS.flatMap((pattern) => answers[pattern].right);
  return {
    answers: (subject) => readAttributes((scenes) => embedPictures(readerOf(subject), (pictures ??= picturesOf(scenes).map(kept)))),
    figures(answers, before) {
      const { average_percent: overall, per_pattern } = readoutScore(answers);
      return { readout: { overall, parts: mapped(per_pattern, ({ percent }) => percent), ...(before && against(pairedTest(all(before), all(answers)))) } };
    },
  };
}

function zeroShot(): Measure<number[][]> {
  const sets = nanoZeroShotSets().map((set) => ({ ...set, pictures: set.pictures.map(kept) }));
  return {
    answers: (subject) => oneByOne(sets, (set) => rankClasses(set, readerOf(subject))),
    figures(ranks, before) {
      const report = reportZeroShot(sets, ranks, before);
      return { 'zero-shot': { overall: report.mean_top1_percent, parts: Object.fromEntries(report.sets.map(({ name, top1 }) => [name, top1.percent])), ...against(report.mcnemar) } };
    },
  };
}

function retrieval(): Measure<RetrievalRanks[]> {
  const sets = nanoRetrievalSets().map((set) => ({ ...set, pictures: set.pictures.map(kept) }));
  const found = (all: readonly RetrievalRanks[]): boolean[] => all.flatMap((ranks) => [...ranks.image_to_text, ...ranks.text_to_image].map((rank) => rank === 0));
  return {
    answers: (subject) => oneByOne(sets, (set) => rankRetrieval(set, readerOf(subject))),
    figures(ranks, before) {
      const { mean_r1_percent: overall, sets: reports } = reportRetrieval(sets, ranks);
      const parts = reports.flatMap(({ name, image_to_text: there, text_to_image: back }) =>
        (['r1', 'r5', 'r10'] as const).flatMap((k) => [[`${name}, picture to text, ${k}`, there[k].percent], [`${name}, text to picture, ${k}`, back[k].percent]] as const));
      return { retrieval: { overall, parts: Object.fromEntries(parts), ...(before && against(pairedTest(found(before), found(ranks)))) } };
    },
  };
}

function segmentation(): Measure<SegmentationCounts> {
  const whole = nanoSegmentationSet();
  const test = whole.pictures.map(kept);
  const set = { ...whole, pictures: test, probe: { fit: whole.probe!.fit.map(kept), test } };
  return {
    async answers({ clip, executor, encoder }) {
      const patches = await createPatchReader(clip, executor);
      return segment(set, { patches, encoder }).finally(() => patches.dispose());
    },
    figures(counts, before) {
      const { training_free: free, probe, difference } = reportSegmentation(set, counts, before);
      const figure = (score: typeof free, compared = difference?.training_free): Figure => ({ overall: score.miou_percent, parts: { ...score.per_class }, ...(compared && { against: { better: compared.better, worse: compared.worse, p: compared.p_exact_two_sided } }) });
      return { segmentation: figure(free), 'segmentation-probe': figure(probe!, difference?.probe) };
    },
  };
}

function vqa(): Measure<boolean[]> {
  const drawn = sceneTask();
  const task = { ...drawn, pictures: drawn.pictures.map(kept) };
  return {
    answers: ({ clip, executor }) => answerQuestions(clip, task, executor),
    figures(right, before) {
      const { paired, per_pattern } = vqaScore(task.test, right);
      return { vqa: { overall: paired!.percent, parts: mapped(per_pattern!, (score) => score.paired!.percent), ...(before && against(compareVqa(task.test, before, right))) } };
    },
  };
}

export const MEASURES = { pairs, readout, 'zero-shot': zeroShot, retrieval, segmentation, vqa } satisfies Record<string, () => Measure<unknown>>;
export type MeasureName = keyof typeof MEASURES;

/** Measures models, all against the first: what the evaluations have in common is done once for all of them. */
export class Measurer {
  private readonly measures: Map<MeasureName, Measure<unknown>>;
  private readonly before = new Map<MeasureName, unknown>();
  private readonly texts = new Map<string, Map<string, Float32Array>>();

  constructor(names: readonly MeasureName[]) {
    this.measures = new Map(names.map((name) => [name, MEASURES[name]() as Measure<unknown>]));
  }

  /** @param untouched whether this is the model that the others are compared with */
  async measure(name: MeasureName, subject: Subject, untouched: boolean): Promise<Partial<Record<Evaluation, Figure>>> {
    const measure = this.measures.get(name)!;
    const answers = await measure.answers({ ...subject, encoder: await this.remembering(subject) });
    if (untouched) this.before.set(name, answers);
    return measure.figures(answers, untouched ? undefined : this.before.get(name));
  }

  /** An encoder that asks a text tower for a text once, whichever models have it. */
  private async remembering({ clip, encoder }: Subject): Promise<ClipEncoder> {
    const file = clip.tree.files.find(({ path }) => path === clip.text.file)!;
    const tower = createHash('sha256').update(await file.read()).digest('hex');
    if (!this.texts.has(tower)) this.texts.set(tower, new Map());
    const known = this.texts.get(tower)!;
    const texts = async (asked: readonly string[]): Promise<Float32Array[]> => {
      const open = [...new Set(asked)].filter((text) => !known.has(text));
      (await encoder.texts(open)).forEach((embedding, i) => known.set(open[i]!, embedding));
      return asked.map((text) => known.get(text)!);
    };
    return { ...encoder, texts };
  }
}

/** A picture that is drawn when it is asked for, and then kept. */
function kept<P extends { load(): Promise<unknown> }>(picture: P): P {
  let loaded: ReturnType<P['load']> | undefined;
  return { ...picture, load: () => (loaded ??= picture.load() as ReturnType<P['load']>) };
}

async function oneByOne<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

function against(test: PairedTest | undefined): Pick<Figure, 'against'> {
  return test ? { against: { better: test.wrong_to_right, worse: test.right_to_wrong, p: test.p_exact_two_sided } } : {};
}

function mapped<T>(record: Readonly<Record<string, T>>, number: (value: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, number(value)]));
}
