import type { Picture } from './pictures';

export type Filter = 'nearest' | 'lanczos' | 'bilinear' | 'bicubic' | 'box' | 'hamming';

/** A rectangle of a picture, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Pillow's fixed point: 8 bits for the value, 2 for overshoot, the rest for the weights. */
const PRECISION_BITS = 32 - 8 - 2;

interface Kernel {
  /** Half of the width where the kernel is not zero, in source pixels when enlarging. */
  readonly support: number;
  weight(x: number): number;
}

const KERNELS: Readonly<Record<Exclude<Filter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI))) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/**
 * Pillow 13's `resize(size, filter, box)` for 8-bit RGB, level for level: kernels widened when shrinking, one pass an axis in fixed point, each
 * rounded to 8 bits. `window` is the part of the result that is wanted; the rest is not computed.
 */
export function resize(picture: Picture, width: number, height: number, filter: Filter, box: Box = whole(picture), window: Box = { top: 0, left: 0, height, width }): Picture {
  if (filter === 'nearest') return nearest(picture, width, height, box, window);
  const kernel = KERNELS[filter];
  const columns = taps(picture.width, box.left, box.width, width, kernel, window.left, window.width);
  const rows = taps(picture.height, box.top, box.height, height, kernel, window.top, window.height);
  const used = crop(picture, { top: rows.first, left: columns.first, height: rows.span, width: columns.span });
  const across = (from: Picture) => (columns.identity ? from : horizontal(from, columns));
  const down = (from: Picture) => (rows.identity ? from : vertical(from, rows));
  const [lostRows, lostColumns] = [picture.height - height, picture.width - width];
  return lostRows > 0 && lostRows > 2 * lostColumns ? across(down(used)) : down(across(used));
}

/** A rectangle of a picture as a picture of its own; the box lies inside and has whole numbers. */
export function crop(picture: Picture, { top, left, height, width }: Box): Picture {
  if (left === 0 && width === picture.width) return { width, height, data: picture.data.subarray(top * width * 3, (top + height) * width * 3) };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** One axis: for every output pixel the source pixels under the kernel, and their weights in fixed point, `stride` apart. */
interface Taps {
  /** The source pixels that are used at all; `start` counts from `first`. */
  readonly first: number;
  readonly span: number;
  /** Nothing is to be done: output pixels are source pixels. */
  readonly identity: boolean;
  readonly start: Int32Array;
  readonly length: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Output pixels offset..offset+count of `size`, which together show `extent` source pixels from `from` on (float32, as Pillow keeps its box). */
function taps(sourceSize: number, from: number, extent: number, size: number, kernel: Kernel, offset: number, count: number): Taps {
  const begin = Math.fround(from);
  const scale = Math.fround(Math.fround(from + extent) - begin) / size;
  const widening = Math.max(1, scale);
  const support = kernel.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < count; i++) {
    const centre = begin + (offset + i + 0.5) * scale;
    start[i] = Math.max(0, Math.trunc(centre - support + 0.5));
    length[i] = Math.min(sourceSize, Math.trunc(centre + support + 0.5)) - start[i]!;
    let sum = 0;
    for (let k = 0; k < length[i]!; k++) sum += exact[k] = kernel.weight((k + start[i]! - centre + 0.5) * (1 / widening));
    for (let k = 0; k < length[i]!; k++) {
      const weight = (sum ? exact[k]! / sum : exact[k]!) * 2 ** PRECISION_BITS;
      weights[i * stride + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  const identity = size === sourceSize && from === 0 && extent === size;
  const first = identity ? offset : start[0]!;
  const span = identity ? count : start[count - 1]! + length[count - 1]! - first;
  return { first, span, identity, start: start.map((value) => value - first), length, weights, stride };
}

function horizontal(picture: Picture, { start, length, weights, stride }: Taps): Picture {
  const width = start.length;
  const source = picture.data;
  const data = new Uint8Array(width * picture.height * 3);
  for (let y = 0, out = 0; y < picture.height; y++) {
    const row = y * picture.width * 3;
    for (let x = 0; x < width; x++, out += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = x * stride + length[x]!;
      for (let k = x * stride, at = row + start[x]! * 3; k < end; k++, at += 3) {
        const weight = weights[k]!;
        red = (red + Math.imul(source[at]!, weight)) | 0;
        green = (green + Math.imul(source[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(source[at + 2]!, weight)) | 0;
      }
      data[out] = clip(red);
      data[out + 1] = clip(green);
      data[out + 2] = clip(blue);
    }
  }
  return { width, height: picture.height, data };
}

function vertical(picture: Picture, { start, length, weights, stride }: Taps): Picture {
  const height = start.length;
  const bytes = picture.width * 3;
  const source = picture.data;
  const data = new Uint8Array(bytes * height);
  const sums = new Int32Array(bytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < length[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const row = (start[y]! + k) * bytes;
      for (let x = 0; x < bytes; x++) sums[x] = (sums[x]! + Math.imul(source[row + x]!, weight)) | 0;
    }
    for (let x = 0; x < bytes; x++) data[y * bytes + x] = clip(sums[x]!);
  }
  return { width: picture.width, height, data };
}

/** Half a level, so that the shift rounds. */
const HALF = 1 << (PRECISION_BITS - 1);

function clip(sum: number): number {
  const level = sum >> PRECISION_BITS;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

/** Pillow's nearest neighbour: pixel centres, positions summed step by step. */
function nearest(picture: Picture, width: number, height: number, box: Box, window: Box): Picture {
  const columns = positions(box.left, box.width, width).subarray(window.left, window.left + window.width);
  const rows = positions(box.top, box.height, height).subarray(window.top, window.top + window.height);
  const data = new Uint8Array(window.width * window.height * 3);
  let out = 0;
  for (const row of rows) {
    for (const column of columns) {
      const at = (row * picture.width + column) * 3;
      data[out++] = picture.data[at]!;
      data[out++] = picture.data[at + 1]!;
      data[out++] = picture.data[at + 2]!;
    }
  }
  return { width: window.width, height: window.height, data };
}

function positions(from: number, extent: number, size: number): Int32Array {
  const step = extent / size;
  let at = from + step * 0.5;
  return Int32Array.from({ length: size }, () => {
    const position = Math.trunc(at);
    at += step;
    return position;
  });
}

function whole({ width, height }: Picture): Box {
  return { top: 0, left: 0, height, width };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Keys' cubic with a = -1/2, for x >= 0. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
