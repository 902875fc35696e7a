import { pairedTest, rounded } from './score';
import { PROBE, type PixelCounts, type SegmentationCounts, type SegmentationSet } from './segmentation';

export interface SegmentationScore {
  readonly pictures: number;
  /** Intersection over union, summed over the pictures, averaged over the classes that occur in masks or were predicted. */
  readonly miou_percent: number;
  /** The same without the background; absent where there is none. */
  readonly miou_without_background_percent?: number;
  readonly pixel_accuracy_percent: number;
  readonly per_class: Readonly<Record<string, number>>;
}

type Method = 'training_free' | 'probe';
type ByMethod<T> = { readonly training_free: T; readonly probe?: T };

export interface SegmentationReport extends ByMethod<SegmentationScore> {
  readonly name: string;
  readonly nature: string;
  readonly classes: number;
  readonly protocol: string;
  readonly baseline?: ByMethod<SegmentationScore>;
  /** Against the baseline: points of mIoU, and how many pictures' own mIoU rose or fell, with the exact sign test. */
  readonly difference?: ByMethod<{ readonly points: number; readonly better: number; readonly worse: number; readonly p_exact_two_sided: number }>;
}

const PROTOCOL =
  'The whole picture is brought to the model\'s square. Training free: cosine of every patch token (through the class token\'s head) with the ensembled text of every class, for the background the best of its texts; '
  + `enlarged bilinearly, argmax. Probe: multinomial logistic regression on at most ${PROBE.patches} patch tokens, L2 ${PROBE.l2}, ${PROBE.iterations} steps of L-BFGS. Index 255 does not count.`;

export function reportSegmentation(set: SegmentationSet, counts: SegmentationCounts, baseline?: SegmentationCounts): SegmentationReport {
  const { name, nature, classes } = set;
  const score = (of: readonly PixelCounts[]): SegmentationScore => scoreCounts(of, set);
  const report = { name, nature, classes: classes.length, protocol: PROTOCOL, ...byMethod(counts, (method) => score(counts[method]!)) };
  if (!baseline) return report;
  const compare = (method: Method) => {
    const [before, after] = [baseline[method]!, counts[method]!].map((one) => one.map(meanIou)) as [number[], number[]];
    const test = pairedTest(after.map((iou, i) => iou < before[i]!), after.map((iou, i) => iou > before[i]!));
    const points = rounded(score(counts[method]!).miou_percent - score(baseline[method]!).miou_percent);
    return { points, better: test.wrong_to_right, worse: test.right_to_wrong, p_exact_two_sided: test.p_exact_two_sided };
  };
  return { ...report, baseline: byMethod(baseline, (method) => score(baseline[method]!)), difference: byMethod(counts, compare) };
}

function scoreCounts(counts: readonly PixelCounts[], { classes }: SegmentationSet): SegmentationScore {
  const sum = (key: keyof PixelCounts): number[] => classes.map((_, c) => counts.reduce((total, one) => total + one[key][c]!, 0));
  const all = { actual: sum('actual'), predicted: sum('predicted'), both: sum('both') };
  const ious = iousOf(all);
  const things = ious.filter((_, c) => !classes[c]!.background);
  const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    pictures: counts.length,
    miou_percent: rounded(100 * mean(ious)),
    ...(things.length < ious.length && { miou_without_background_percent: rounded(100 * mean(things)) }),
    pixel_accuracy_percent: rounded((100 * total(all.both)) / total(all.actual)),
    per_class: Object.fromEntries(classes.flatMap(({ name }, c) => (ious[c] === undefined ? [] : [[name, rounded(100 * ious[c])]]))),
  };
}

/** Undefined for a class that is neither there nor predicted. */
function iousOf({ actual, predicted, both }: PixelCounts): (number | undefined)[] {
  return both.map((intersection, c) => {
    const union = actual[c]! + predicted[c]! - intersection;
    return union > 0 ? intersection / union : undefined;
  });
}

function meanIou(counts: PixelCounts): number {
  return mean(iousOf(counts));
}

function mean(values: readonly (number | undefined)[]): number {
  const there = values.filter((value) => value !== undefined);
  return there.reduce((sum, value) => sum + value, 0) / there.length;
}

function byMethod<T>(counts: SegmentationCounts, value: (method: Method) => T): ByMethod<T> {
  return { training_free: value('training_free'), ...(counts.probe && { probe: value('probe') }) };
}
