import { drawGroup } from '../data/scenes/draw';
import { groupOf } from '../data/scenes/group';
import { PATTERNS } from '../data/scenes/kind';
import { kindOf } from '../data/scenes/kinds';
import { seedOf } from '../data/scenes/scene';
import type { Picture } from '../data/pictures';
import { embedPictures, type OnPictures, reading } from '../eval/embed';
import { realignedPairs, type PairAnswer } from '../eval/nano/realigned';
import { nanoRetrievalSets } from '../eval/nano/retrieval-sets';
import { nanoSegmentationSet } from '../eval/nano/segmentation-set';
import { kindPrompts, nanoZeroShotSets, SET_SIZE } from '../eval/nano/zero-shot-sets';
import { createPatchReader, type FloatMap } from '../eval/patches';
import { READER } from '../eval/reader';
import { compareReadouts, readAttributes, READOUT, readoutScore, type ReadoutAnswers } from '../eval/readout';
import { rankRetrieval, reportRetrieval, type RetrievalRanks } from '../eval/retrieval';
import { picturesOf } from '../eval/scenes';
import { pairedTest } from '../eval/score';
import { heatMap, segment, type SegmentationCounts } from '../eval/segmentation';
import { reportSegmentation } from '../eval/segmentation-score';
import { compareVqa, vqaScore } from '../eval/vqa';
import { answerQuestions, sceneTask } from '../eval/vqa-answers';
import { rankClasses, reportZeroShot } from '../eval/zero-shot';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import type { EvaluationInfo, EvaluationResult, Figure } from './api';
import { heatMaps } from './heat';

/** Something that a CLIP is asked; the same questions, pictures and figures as those of the command line's `eval`. */
export interface Evaluation<A> {
  readonly info: EvaluationInfo;
  /** What a model answers. */
  answers(clip: ClipModel, executor: Executor, onProgress: OnPictures): Promise<A>;
  result(before: A, after: A | undefined): EvaluationResult | Promise<EvaluationResult>;
}

const readout: Evaluation<ReadoutAnswers> = {
  info: {
    id: 'readout',
    title: 'Attributes in the embedding',
    what: `Linear probes learn to name colour, place, number and so on from the embeddings of ${count(READOUT.train)} drawn pictures, and are asked about ${count(READOUT.test)} others: what the model sees, whether or not its texts can say it.`,
    unit: 'of attributes named right',
    rows: 'Pattern',
  },
  answers: (clip, executor, onProgress) =>
    reading(clip, executor, (reader) => readAttributes((scenes) => embedPictures(reader, picturesOf(scenes), onProgress))),
  result(before, after) {
    const [was, is] = [readoutScore(before), after && readoutScore(after)];
    const tests = after && compareReadouts(before, after).per_pattern;
    const all = (answers: ReadoutAnswers): boolean[] => PATTERNS.flatMap((pattern) => answers[pattern].right);
    return {
      ...figure(was.average_percent, is?.average_percent, after && pairedTest(all(before), all(after)).p_exact_two_sided),
      chance: was.average_chance_percent,
      rows: PATTERNS.map((name) => ({ name, ...figure(was.per_pattern[name].percent, is?.per_pattern[name].percent, tests?.[name].mcnemar.p_exact_two_sided) })),
    };
  },
};

const zeroShot: Evaluation<number[][]> = {
  info: {
    id: 'zero-shot',
    title: 'Zero-shot classification',
    what: `Which of several texts fits a picture: 27 sets of ${SET_SIZE} drawn pictures each, of things, colours, numbers, noise, blur, sketches and more.`,
    unit: 'of pictures right, mean of the sets',
    rows: 'Set',
  },
  answers: (clip, executor, onProgress) => reading(clip, executor, (reader) => overSets(nanoZeroShotSets(), (set, onPictures) => rankClasses(set, reader, onPictures), onProgress)),
  result(before, after) {
    const report = reportZeroShot(nanoZeroShotSets(), after ?? before, before);
    return {
      ...figure(report.baseline_mean_top1_percent!, after && report.mean_top1_percent, report.mcnemar!.p_exact_two_sided),
      rows: report.sets.map(({ name, top1, baseline, mcnemar }) => ({ name, ...figure(baseline!.top1.percent, after && top1.percent, mcnemar!.p_exact_two_sided) })),
    };
  },
};

const WAYS = [['image_to_text', 'picture to text'], ['text_to_image', 'text to picture']] as const;

const retrieval: Evaluation<RetrievalRanks[]> = {
  info: {
    id: 'retrieval',
    title: 'Retrieval',
    what: 'Each picture must find its caption among all, and each caption its picture: 250 drawn pictures with captions that tell everything, 150 with captions that tell the thing and the place.',
    unit: 'found at once, mean of both sets and ways',
    rows: 'Set and way',
  },
  answers: (clip, executor, onProgress) => reading(clip, executor, (reader) => overSets(nanoRetrievalSets(), (set, onPictures) => rankRetrieval(set, reader, onPictures), onProgress)),
  result(before, after) {
    const report = reportRetrieval(nanoRetrievalSets(), after ?? before, before);
    const firsts = (all: readonly RetrievalRanks[]): boolean[] => all.flatMap((ranks) => WAYS.flatMap(([way]) => ranks[way].map((rank) => rank === 0)));
    return {
      ...figure(report.baseline_mean_r1_percent!, after && report.mean_r1_percent, pairedTest(firsts(before), firsts(after ?? before)).p_exact_two_sided),
      rows: report.sets.flatMap((set) => WAYS.map(([way, words]) => ({ name: `${set.name}, ${words}`, ...figure(set.baseline![way].r1.percent, after && set[way].r1.percent, set.mcnemar![way].p_exact_two_sided) }))),
    };
  },
};

/** What a model answers, and where it sees a thing of each of shownGroups. */
interface Segmented {
  readonly counts: SegmentationCounts;
  readonly maps: readonly FloatMap[];
}

const segmentation: Evaluation<Segmented> = {
  info: {
    id: 'segmentation',
    title: 'Segmentation',
    what: 'Each pixel gets the class whose text fits its patch best, without any training, in 150 drawn pictures of two to four things.',
    unit: 'mean intersection over union',
    rows: 'Class',
  },
  answers: (clip, executor, onProgress) =>
    reading(clip, executor, async ({ encoder }) => {
      const patches = await createPatchReader(clip, executor);
      try {
        const counts = await segment(nanoSegmentationSet(), { patches, encoder }, onProgress);
        const maps: FloatMap[] = [];
        for (const { picture, text } of shownGroups()) maps.push(await heatMap({ patches, encoder }, picture, text));
        return { counts, maps };
      } finally {
        await patches.dispose();
      }
    }),
  async result(before, after) {
    const { baseline, training_free: free, probe, difference } = reportSegmentation(nanoSegmentationSet(), (after ?? before).counts, before.counts);
    const classes = Object.entries(baseline!.training_free.per_class).map(([name, was]) => ({ name, ...figure(was, after && (free.per_class[name] ?? 0)) }));
    return {
      ...figure(baseline!.training_free.miou_percent, after && free.miou_percent, difference!.training_free.p_exact_two_sided),
      rows: [{ name: 'all, by a linear probe on the patches', ...figure(baseline!.probe!.miou_percent, after && probe!.miou_percent, difference!.probe!.p_exact_two_sided) }, ...classes],
      maps: await Promise.all(shownGroups().map(({ picture, text }, i) => heatMaps(picture, text, before.maps[i]!, after?.maps[i]))),
    };
  },
};

/** Pictures whose heat maps are shown, each with a text for one of its things. */
function shownGroups(): { readonly picture: Picture; readonly text: string }[] {
  return Array.from({ length: 4 }, (_, i) => {
    const group = groupOf(seedOf('test', i));
    return { picture: drawGroup(group).picture, text: kindPrompts(kindOf(group.things[0]!.scene.kind))[0]! };
  });
}

const vqa: Evaluation<boolean[]> = {
  info: {
    id: 'vqa',
    title: 'Questions and answers',
    what: 'A small transformer learns to answer yes or no from the frozen patches of 3,000 drawn pictures, as multimodal models do, and is asked about 540 pairs that differ in one thing. A pair counts if both answers are right. The transformer\u2019s own luck is worth a point or two.',
    unit: 'of pairs right',
    rows: 'Pattern',
  },
  answers(clip, executor, onProgress) {
    const task = sceneTask();
    const total = task.pictures.length + READER.steps;
    return answerQuestions(clip, task, executor, (done) => onProgress(done, total), (step) => onProgress(task.pictures.length + step, total));
  },
  result(before, after) {
    const { test } = sceneTask();
    const scores = (answers: readonly boolean[], pattern?: string) => {
      const asked = test.map((item, i) => ({ item, right: answers[i]! })).filter(({ item }) => pattern === undefined || item.pattern === pattern);
      return { items: asked.map(({ item }) => item), right: asked.map(({ right }) => right) };
    };
    const compared = (pattern?: string): Figure => {
      const [was, is] = [scores(before, pattern), after && scores(after, pattern)];
      return figure(vqaScore(was.items, was.right).paired!.percent, is && vqaScore(is.items, is.right).paired!.percent, is && compareVqa(was.items, was.right, is.right).p_exact_two_sided);
    };
    return { ...compared(), rows: PATTERNS.map((name) => ({ name, ...compared(name) })) };
  },
};

const realigned: Evaluation<PairAnswer[]> = {
  info: {
    id: 'realigned',
    title: 'Pairs, texts aligned again',
    what: 'A recipe of its own, not the paper\u2019s: the text tower learns for 100 steps, by CLIP\u2019s own loss, to fit 2,048 drawn pictures as the frozen vision tower now sees them. Their captions tell the thing and the place alone. Then the 135 pairs of MMVP-nano are asked, of the untouched model with texts aligned again too.',
    unit: 'of pairs right',
    rows: 'Pattern',
  },
  answers: (clip, executor, onProgress) => realignedPairs(clip, executor, onProgress),
  result(before, after) {
    const compared = (pattern?: string): Figure => {
      const [was, is] = [before, after].map((answers) => answers?.filter((answer) => pattern === undefined || answer.pattern === pattern).map(({ right }) => right));
      return figure(percentOf(was!), is && percentOf(is), is && pairedTest(was!, is).p_exact_two_sided);
    };
    return { ...compared(), rows: PATTERNS.map((name) => ({ name, ...compared(name) })) };
  },
};

/** What the page offers, in its order. */
export const EVALUATIONS: readonly Evaluation<unknown>[] = [realigned, readout, zeroShot, retrieval, segmentation, vqa];

/** Works through sets one after the other and tells progress over all of their pictures. */
async function overSets<S extends { readonly pictures: readonly unknown[] }, T>(sets: readonly S[], work: (set: S, onPictures: OnPictures) => Promise<T>, onProgress: OnPictures): Promise<T[]> {
  const total = sets.reduce((sum, { pictures }) => sum + pictures.length, 0);
  const results: T[] = [];
  let before = 0;
  for (const set of sets) {
    results.push(await work(set, (done) => onProgress(before + done, total)));
    before += set.pictures.length;
  }
  return results;
}

/** @param after undefined where there is no other model, and then p says nothing */
function figure(before: number, after: number | undefined, p?: number): Figure {
  return after === undefined ? { before } : { before, after, p };
}

/** In percent. */
function percentOf(right: readonly boolean[]): number {
  return (100 * right.filter(Boolean).length) / right.length;
}

function count(pictures: number): string {
  return pictures.toLocaleString('en');
}
