import type { IndexMap } from '../data/index-png';
import type { Picture } from '../data/pictures';
import type { ClipEncoder } from '../models/encoder';
import { ensemble, type OnPictures } from './embed';
import { fitLogistic } from './logistic';
import { enlarge, similarityMap, type FloatMap, type Patches, type PatchReader } from './patches';

/** The index of pixels that do not count. */
export const IGNORED = 255;

export interface MaskedPicture {
  readonly name: string;
  /** A picture and the class of each of its pixels, IGNORED where it does not count. */
  load(): Promise<{ readonly picture: Picture; readonly mask: IndexMap }>;
}

export interface SegmentationClass {
  readonly name: string;
  /** Ensembled; those of the background each stand for themselves, and the one that fits a patch best counts. */
  readonly prompts: readonly string[];
  /** Whatever is none of the others. */
  readonly background?: boolean;
}

export interface SegmentationSet {
  readonly name: string;
  readonly nature: string;
  /** By their indices in masks. */
  readonly classes: readonly SegmentationClass[];
  /** What the texts are tried on. */
  readonly pictures: readonly MaskedPicture[];
  /** What the probe is fitted to and tried on; absent where there are too few pictures. */
  readonly probe?: { readonly fit: readonly MaskedPicture[]; readonly test: readonly MaskedPicture[] };
}

/** Of one picture, for each class: pixels that are it, that were taken for it, and both; IGNORED ones left out. */
export interface PixelCounts {
  readonly actual: readonly number[];
  readonly predicted: readonly number[];
  readonly both: readonly number[];
}

export interface SegmentationCounts {
  readonly training_free: readonly PixelCounts[];
  readonly probe?: readonly PixelCounts[];
}

export interface SegmentationReader {
  readonly patches: Pick<PatchReader, 'read'>;
  readonly encoder: Pick<ClipEncoder, 'texts'>;
}

/** The probe's protocol, fixed for all models: what it is fitted to at most, its penalty (fitLogistic's l2), its steps at most. */
export const PROBE = { patches: 12_000, l2: 10, iterations: 100 } as const;

/**
 * Segments every picture twice:
 * - training free: the cosine of each patch with each class's text, enlarged to the picture (bilinear); a pixel is of the class with the most;
 * - by a linear probe: multinomial logistic regression on the patches of `probe.fit`, each labelled by the class of most of its pixels (left out where most are
 *   IGNORED); its scores are enlarged likewise.
 */
export async function segment(set: SegmentationSet, reader: SegmentationReader, onPictures?: OnPictures): Promise<SegmentationCounts> {
  const { classes, pictures, probe } = set;
  const total = pictures.length + (probe ? probe.fit.length + probe.test.length : 0);
  const progress = (from: number) => (done: number) => onPictures?.(from + done, total);
  const texts = await textsOf(classes, reader);
  const trainingFree = await countAll(pictures, reader, (patches) => texts.map((own) => strongest(own.map((text) => similarityMap(patches, text)))), progress(0));
  if (!probe) return { training_free: trainingFree };
  const scores = await fitProbe(probe.fit, classes.length, reader, progress(pictures.length));
  return { training_free: trainingFree, probe: await countAll(probe.test, reader, scores, progress(pictures.length + probe.fit.length)) };
}

/** The cosine of each of a picture's patches with a text, on the patches' grid. */
export async function heatMap(reader: SegmentationReader, picture: Picture, text: string): Promise<FloatMap> {
  const [patches] = await reader.patches.read([picture]);
  const [direction] = await reader.encoder.texts([text]);
  return similarityMap(patches!, direction!);
}

/** The directions of each class: one, or for the background one a prompt. */
async function textsOf(classes: readonly SegmentationClass[], { encoder }: SegmentationReader): Promise<Float32Array[][]> {
  const texts: Float32Array[][] = [];
  for (const { prompts, background } of classes) texts.push(background ? await encoder.texts(prompts) : [await ensemble({ encoder }, prompts)]);
  return texts;
}

/** @param mapsOf for a picture's patches, how much each is of each class */
async function countAll(pictures: readonly MaskedPicture[], reader: SegmentationReader, mapsOf: (patches: Patches) => readonly FloatMap[], onPicture: (done: number) => void): Promise<PixelCounts[]> {
  const counts: PixelCounts[] = [];
  for await (const { patches, mask } of readAll(pictures, reader)) {
    const maps = mapsOf(patches);
    counts.push(countPixels(labelsOf(maps, mask.width, mask.height), mask, maps.length));
    onPicture(counts.length);
  }
  return counts;
}

/** Fits the probe to the pictures, the first of them if all together have too many patches. */
async function fitProbe(pictures: readonly MaskedPicture[], classes: number, reader: SegmentationReader, onPicture: (done: number) => void): Promise<(patches: Patches) => FloatMap[]> {
  const features: Float32Array[] = [];
  const labels: number[] = [];
  let done = 0;
  for await (const { patches, mask } of readAll(pictures, reader)) {
    patchLabels(mask, patches).forEach((label, patch) => {
      if (label === IGNORED) return;
      features.push(patches.data.subarray(patch * patches.width, (patch + 1) * patches.width));
      labels.push(label);
    });
    onPicture(++done);
    if (features.length >= PROBE.patches) break;
  }
  const model = fitLogistic(features, labels, classes, PROBE);
  return ({ rows, columns, width, data }) => {
    const scores = Array.from({ length: rows * columns }, (_, patch) => model.scores(data.subarray(patch * width, (patch + 1) * width)));
    return Array.from({ length: classes }, (_, c) => ({ width: columns, height: rows, data: Float32Array.from(scores, (own) => own[c]!) }));
  };
}

/** Pictures that are held at a time. */
const AT_ONCE = 8;

async function* readAll(pictures: readonly MaskedPicture[], reader: SegmentationReader): AsyncGenerator<{ patches: Patches; mask: IndexMap }> {
  for (let at = 0; at < pictures.length; at += AT_ONCE) {
    const loaded = [];
    for (const picture of pictures.slice(at, at + AT_ONCE)) loaded.push(await picture.load());
    const patches = await reader.patches.read(loaded.map(({ picture }) => picture));
    for (const [i, { mask }] of loaded.entries()) yield { patches: patches[i]!, mask };
  }
}

/** The class of most of the pixels in each patch's cell, row-major; of equals the lower. */
export function patchLabels({ width, height, data }: IndexMap, { rows, columns }: Pick<Patches, 'rows' | 'columns'>): number[] {
  const counts = Array.from({ length: rows * columns }, () => new Uint32Array(256));
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++, i++) counts[row + Math.floor((x * columns) / width)]![data[i]!]!++;
  }
  return counts.map((own) => own.indexOf(Math.max(...own)));
}

/** For each pixel the class whose enlarged map is highest there; of equals the first. */
export function labelsOf(maps: readonly FloatMap[], width: number, height: number): Uint8Array {
  const labels = new Uint8Array(width * height);
  const best = new Float32Array(width * height).fill(-Infinity);
  maps.forEach((map, c) => {
    enlarge(map, width, height).data.forEach((value, i) => {
      if (value <= best[i]!) return;
      best[i] = value;
      labels[i] = c;
    });
  });
  return labels;
}

export function countPixels(labels: Uint8Array, { data }: IndexMap, classes: number): PixelCounts {
  const [actual, predicted, both] = [0, 1, 2].map(() => new Array<number>(classes).fill(0)) as [number[], number[], number[]];
  data.forEach((truth, i) => {
    if (truth === IGNORED) return;
    actual[truth]!++;
    predicted[labels[i]!]!++;
    if (labels[i] === truth) both[truth]!++;
  });
  return { actual, predicted, both };
}

function strongest(maps: readonly FloatMap[]): FloatMap {
  const [first, ...others] = maps;
  return { ...first!, data: first!.data.map((value, i) => Math.max(value, ...others.map(({ data }) => data[i]!))) };
}
