import type { Picture } from '../data/pictures';
import { preprocess } from '../data/processor';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import { createTokenEncoder } from './tokens';

/** A picture's patches as directions in the space that texts share: [rows * columns][width], row-major, each row of length 1. */
export interface Patches {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly data: Float32Array;
}

export interface PatchReader {
  /** The whole picture, brought to the model's square whatever its proportions. */
  read(pictures: readonly Picture[]): Promise<Patches[]>;
  dispose(): Promise<void>;
}

/** Values on a grid, row-major [height][width]. */
export interface FloatMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** CLIP's patch tokens, each through the head that the class token goes through; SigLIP's last hidden state, which no text was trained to meet. */
export async function createPatchReader(clip: ClipModel, executor: Executor): Promise<PatchReader> {
  const { imageSize, patchSize } = clip.config.vision;
  const grid = Math.floor(imageSize / patchSize);
  const processor = { ...clip.processor, resize: { height: imageSize, width: imageSize }, crop: undefined };
  const encoder = await createTokenEncoder(clip, executor);
  const { width } = encoder;
  return {
    read: async (pictures) => {
      const tokens = await encoder.tokens(pictures.map((picture) => preprocess(picture, processor)));
      return tokens.map((all) => ({ rows: grid, columns: grid, width, data: directions(all.subarray(width), width) }));
    },
    dispose: () => encoder.dispose(),
  };
}

/** The heat map of a text in a picture: the cosine of every patch with it, on the patches' grid. */
export function similarityMap({ rows, columns, width, data }: Patches, text: Float32Array): FloatMap {
  const map = new Float32Array(rows * columns);
  for (let patch = 0; patch < map.length; patch++) {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += data[patch * width + d]! * text[d]!;
    map[patch] = sum;
  }
  return { width: columns, height: rows, data: map };
}

/** Bilinear between the cells' centres, beyond the outermost of which a map stays as it is there (PyTorch's interpolate without align_corners). */
export function enlarge(map: FloatMap, width: number, height: number): FloatMap {
  const across = steps(map.width, width);
  const down = steps(map.height, height);
  const data = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const [top, bottom, v] = down[y]!;
    for (let x = 0; x < width; x++, i++) {
      const [left, right, u] = across[x]!;
      const upper = map.data[top * map.width + left]! * (1 - u) + map.data[top * map.width + right]! * u;
      const lower = map.data[bottom * map.width + left]! * (1 - u) + map.data[bottom * map.width + right]! * u;
      data[i] = upper * (1 - v) + lower * v;
    }
  }
  return { width, height, data };
}

/** For every place in a row of `to`, the two of `from` that it lies between and how far it is on its way to the second. */
function steps(from: number, to: number): (readonly [number, number, number])[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(at));
    return [low, Math.min(from - 1, low + 1), at - low] as const;
  });
}

/** v / |v| of each row; a row of zeros stays. */
function directions(values: Float32Array, width: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += width) {
    const row = values.subarray(at, at + width);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    row.forEach((value, d) => (out[at + d] = value / norm));
  }
  return out;
}
