import type { Picture } from '../../data/pictures';
import { resize } from '../../data/resample';
import { unit, type Random } from '../../data/scenes/random';

/** Another picture of the same size; `random` decides what is left to chance. Integer and IEEE arithmetic only: the same bytes on every engine. */
export type Corruption = (picture: Picture, random: Random) => Picture;

/** Grain of each channel of its own, with a standard deviation of about 40 levels. */
export const noisy: Corruption = (picture, random) => {
  // The sum of four uniform bytes: mean 510, standard deviation 148.
  const grain = (bits: number): number => (((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) * 40) / 148;
  return levels(picture, (level) => level + grain(random.bits()));
};

/** A binomial kernel with a standard deviation of two pixels in each direction; beyond the rim the rim's own pixels go on. */
export const blurred: Corruption = (picture) => {
  let values = Float64Array.from(picture.data);
  for (let pass = 0; pass < 4; pass++) for (const across of [true, false]) values = smoothed(values, picture, across);
  return { ...picture, data: Uint8Array.from(values, byte) };
};

export const lowContrast: Corruption = (picture) => levels(picture, (level) => 128 + 0.3 * (level - 128));
export const grey: Corruption = (picture) => pixels(picture, (red, green, blue) => new Array<number>(3).fill(luma(red, green, blue)));
export const inverted: Corruption = (picture) => levels(picture, (level) => 255 - level);
export const dark: Corruption = (picture) => levels(picture, (level) => 0.25 * level);
export const bright: Corruption = (picture) => levels(picture, (level) => 255 - 0.35 * (255 - level));
export const posterised: Corruption = (picture) => levels(picture, (level) => 85 * Math.floor(level / 64));
/** A third of the way round the circle of colours: red becomes green, green blue. */
export const hueShifted: Corruption = (picture) => pixels(picture, (red, green, blue) => [blue, red, green]);

/** Dark lines on white where the luma changes (Sobel's operator). */
export const sketch: Corruption = ({ width, height, data }) => {
  const at = (x: number, y: number): number => {
    const i = 3 * (clamp(y, height - 1) * width + clamp(x, width - 1));
    return luma(data[i]!, data[i + 1]!, data[i + 2]!);
  };
  return placed(width, height, (x, y) => {
    const right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x - 1, y) - at(x - 1, y + 1);
    const down = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x, y - 1) - at(x + 1, y - 1);
    return new Array<number>(3).fill(255 - Math.sqrt(right * right + down * down));
  });
};

/** A quarter as many pixels in each direction, shown as large as before. */
export const coarse: Corruption = (picture) => {
  const { width, height } = picture;
  return resize(resize(picture, Math.ceil(width / 4), Math.ceil(height / 4), 'box'), width, height, 'bilinear');
};

/** A grey square, four tenths of the edge, over some part of the picture. */
export const occluded: Corruption = ({ width, height, data }, random) => {
  const edge = Math.floor(0.4 * Math.min(width, height));
  const [left, top] = [random.below(width - edge + 1), random.below(height - edge + 1)];
  return placed(width, height, (x, y) => {
    const hidden = x >= left && x < left + edge && y >= top && y < top + edge;
    return hidden ? [128, 128, 128] : data.subarray(3 * (y * width + x));
  });
};

/** A quarter turn clockwise of a square picture. */
export const rotated: Corruption = ({ width, height, data }) => placed(width, height, (x, y) => data.subarray(3 * ((height - 1 - x) * width + y)));
export const mirrored: Corruption = ({ width, height, data }) => placed(width, height, (x, y) => data.subarray(3 * (y * width + width - 1 - x)));

/** The picture at half its size, four times. */
export const tiled: Corruption = (picture) => {
  const { width, height } = picture;
  const tile = resize(picture, Math.ceil(width / 2), Math.ceil(height / 2), 'box');
  return placed(width, height, (x, y) => tile.data.subarray(3 * ((y % tile.height) * tile.width + (x % tile.width))));
};

const BLOCK = 8;
/** Basis of the cosine transform: [frequency][position], orthonormal. */
const COSINES = Array.from({ length: BLOCK }, (_, u) => Array.from({ length: BLOCK }, (_, x) => unit(((2 * x + 1) * u) / (4 * BLOCK))[0] * Math.sqrt((u ? 2 : 1) / BLOCK)));

/** As JPEG does at a low quality: blocks of 8 x 8 lose the fineness of their cosine transform, high frequencies first. */
export const quantised: Corruption = ({ width, height, data }) => {
  const out = new Float64Array(data.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let top = 0; top < height; top += BLOCK) {
      for (let left = 0; left < width; left += BLOCK) {
        const index = (x: number, y: number): number => 3 * (clamp(top + y, height - 1) * width + clamp(left + x, width - 1)) + channel;
        const block = quantisedBlock((x, y) => data[index(x, y)]! - 128);
        for (let y = 0; y < Math.min(BLOCK, height - top); y++) for (let x = 0; x < Math.min(BLOCK, width - left); x++) out[index(x, y)] = block[y * BLOCK + x]! + 128;
      }
    }
  }
  return { width, height, data: Uint8Array.from(out, byte) };
};

function quantisedBlock(value: (x: number, y: number) => number): Float64Array {
  const kept = new Float64Array(BLOCK * BLOCK);
  const block = new Float64Array(BLOCK * BLOCK);
  const each = (visit: (x: number, y: number, weight: number) => void, u: number, v: number): void => {
    for (let y = 0; y < BLOCK; y++) for (let x = 0; x < BLOCK; x++) visit(x, y, COSINES[u]![x]! * COSINES[v]![y]!);
  };
  for (let v = 0; v < BLOCK; v++) {
    for (let u = 0; u < BLOCK; u++) {
      const step = 40 + 25 * (u + v);
      each((x, y, weight) => (kept[v * BLOCK + u]! += weight * value(x, y)), u, v);
      const coefficient = step * Math.floor(kept[v * BLOCK + u]! / step + 0.5);
      if (coefficient) each((x, y, weight) => (block[y * BLOCK + x]! += weight * coefficient), u, v);
    }
  }
  return block;
}

/** One pass of the kernel [1, 2, 1] / 4 twice, along the rows or the columns. */
function smoothed(values: Float64Array<ArrayBuffer>, { width, height }: Picture, across: boolean): Float64Array<ArrayBuffer> {
  const at = (x: number, y: number, channel: number): number => values[3 * (clamp(y, height - 1) * width + clamp(x, width - 1)) + channel]!;
  return values.map((value, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const [near, far] = [1, 2].map((d) => (across ? at(x - d, y, channel) + at(x + d, y, channel) : at(x, y - d, channel) + at(x, y + d, channel)));
    return (6 * value + 4 * near! + far!) / 16;
  });
}

function levels(picture: Picture, change: (level: number) => number): Picture {
  return { ...picture, data: picture.data.map((level) => byte(change(level))) };
}

function pixels({ width, height, data }: Picture, change: (red: number, green: number, blue: number) => ArrayLike<number>): Picture {
  return placed(width, height, (x, y) => {
    const i = 3 * (y * width + x);
    return change(data[i]!, data[i + 1]!, data[i + 2]!);
  });
}

function placed(width: number, height: number, colour: (x: number, y: number) => ArrayLike<number>): Picture {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const rgb = colour(x, y);
      for (let channel = 0; channel < 3; channel++) data[i++] = byte(rgb[channel]!);
    }
  }
  return { width, height, data };
}

function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

function byte(value: number): number {
  return Math.max(0, Math.min(255, Math.floor(value + 0.5)));
}
