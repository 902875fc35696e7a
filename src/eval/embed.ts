import type { Picture } from '../data/pictures';
import { preprocess, type ProcessorConfig } from '../data/processor';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import { createEncoder, type ClipEncoder } from '../models/encoder';

/** A picture that is decoded or drawn when it is needed, and then forgotten. */
export interface LazyPicture {
  /** For messages and reports. */
  readonly name: string;
  load(): Promise<Picture>;
}

/** A model as evaluations ask it. */
export interface ClipReader {
  readonly processor: ProcessorConfig;
  readonly encoder: Pick<ClipEncoder, 'images' | 'texts'>;
}

/** Asks a model, and lets go of it when the work is done. */
export async function reading<T>(clip: ClipModel, executor: Executor, work: (reader: ClipReader) => Promise<T>): Promise<T> {
  const encoder = await createEncoder(clip, executor);
  try {
    return await work({ processor: clip.processor, encoder });
  } finally {
    await encoder.dispose();
  }
}

/** Called now and then with how many of all pictures are done. */
export type OnPictures = (done: number, total: number) => void;

/** Pictures that are held at a time. */
const AT_ONCE = 32;

/** The embedding of each picture: L2-normalised, [D]. */
export async function embedPictures({ processor, encoder }: ClipReader, pictures: readonly LazyPicture[], onPictures?: OnPictures): Promise<Float32Array[]> {
  const embeddings: Float32Array[] = [];
  for (let at = 0; at < pictures.length; at += AT_ONCE) {
    onPictures?.(at, pictures.length);
    const pixels = [];
    for (const picture of pictures.slice(at, at + AT_ONCE)) pixels.push(preprocess(await picture.load(), processor));
    embeddings.push(...(await encoder.images(pixels)));
  }
  onPictures?.(pictures.length, pictures.length);
  return embeddings;
}

/** One direction for several ways to say a thing: the mean of their normalised embeddings, normalised again, as CLIP ensembles prompts. */
export async function ensemble({ encoder }: { readonly encoder: Pick<ClipEncoder, 'texts'> }, prompts: readonly string[]): Promise<Float32Array> {
  const [first, ...others] = await encoder.texts(prompts);
  const sum = Float64Array.from(first!);
  for (const other of others) other.forEach((value, d) => (sum[d]! += value));
  const norm = Math.hypot(...sum);
  return Float32Array.from(sum, (value) => value / norm);
}

/** In float64. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}
