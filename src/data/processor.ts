import * as z from 'zod';
import { UserError } from '../ir/errors';
import type { Tensor } from '../ir/tensor';
import { parseJson } from './json';
import type { Picture } from './pictures';
import { crop, resize, type Box, type Filter } from './resample';

export { cropResize, randomResizedCrop } from './random-crop';

interface Size {
  readonly height: number;
  readonly width: number;
}

/** How pictures become a model's `pixel_values`, as its preprocessor_config.json says: resize, centre crop, scale, normalise, in this order. */
export interface ProcessorConfig {
  /** To a shorter side (the longer one in proportion, rounded down), to exactly a size, or not at all. */
  readonly resize: { readonly shortestEdge: number } | Size | undefined;
  readonly filter: Filter;
  readonly crop: Size | undefined;
  /** Multiplies the levels 0..255. */
  readonly scale: number;
  /** Of red, green, blue, after scaling. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** A longer side than any published encoder takes; a larger one would only exhaust memory. */
const LARGEST_SIDE = 4096;

/** Pillow's numbers for its filters. */
const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const satisfies readonly Filter[];

const OPENAI_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const OPENAI_STD = [0.26862954, 0.26130258, 0.27577711] as const;

const side = z.int().min(1).max(LARGEST_SIDE);
const exactly = z.object({ height: side, width: side });
const channels = (value: z.ZodNumber) => z.tuple([value, value, value]);

const schema = z.object({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: z.boolean().default(true),
  size: z.union([z.object({ shortest_edge: side }), exactly, side]).nullish(),
  resample: z.int().min(0).max(FILTERS.length - 1).default(FILTERS.indexOf('bicubic')),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([exactly, side]).nullish(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().positive().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels(z.number()).nullish(),
  image_std: channels(z.number().positive()).nullish(),
});

/** Reads preprocessor_config.json of CLIP, SigLIP and their like, plain numbers as sizes included. Throws a UserError that names file and key. */
export function parseProcessor(text: string, file: string): ProcessorConfig {
  const given = parseJson(text, file, schema);
  const siglip = /siglip/i.test(given.image_processor_type ?? given.feature_extractor_type ?? '');
  const cropped = given.do_center_crop ?? (given.crop_size !== undefined && given.crop_size !== null);
  const missing = (key: string, because: string) => new UserError(`${key} is missing although ${because}`, file, 'Take the file from the model\'s own repository');
  if (given.do_resize && !given.size) throw missing('size', 'do_resize is on');
  if (cropped && !given.crop_size) throw missing('crop_size', 'do_center_crop is on');
  return {
    resize: given.do_resize ? target(given.size!, siglip) : undefined,
    filter: FILTERS[given.resample]!,
    crop: cropped ? square(given.crop_size!) : undefined,
    scale: given.do_rescale ? given.rescale_factor : 1,
    mean: given.do_normalize ? (given.image_mean ?? (siglip ? [0.5, 0.5, 0.5] : OPENAI_MEAN)) : [0, 0, 0],
    std: given.do_normalize ? (given.image_std ?? (siglip ? [0.5, 0.5, 0.5] : OPENAI_STD)) : [1, 1, 1],
  };
}

/** `pixel_values` of one picture: float32 [3, height, width]. */
export function preprocess(picture: Picture, config: ProcessorConfig): Tensor {
  const size = resizedSize(picture, config.resize);
  const { height, width } = config.crop ?? size;
  const top = Math.floor((size.height - height) / 2);
  const left = Math.floor((size.width - width) / 2);
  const window = intersect({ top, left, height, width }, size);
  const shown = config.resize ? resize(picture, size.width, size.height, config.filter, undefined, window) : crop(picture, window);
  return normalise(shown, { top: window.top - top, left: window.left - left, height, width }, config);
}

function target(size: number | Size | { shortest_edge: number }, siglip: boolean): NonNullable<ProcessorConfig['resize']> {
  if (typeof size === 'number') return siglip ? square(size) : { shortestEdge: size };
  return 'shortest_edge' in size ? { shortestEdge: size.shortest_edge } : size;
}

function square(size: number | Size): Size {
  return typeof size === 'number' ? { height: size, width: size } : size;
}

function resizedSize({ width, height }: Picture, resize: ProcessorConfig['resize']): Size {
  if (!resize) return { width, height };
  if (!('shortestEdge' in resize)) return resize;
  const short = resize.shortestEdge;
  return width <= height ? { width: short, height: Math.trunc((short * height) / width) } : { width: Math.trunc((short * width) / height), height: short };
}

/** The part of a crop that has pixels: where the crop is larger than the picture, its rim has none. */
function intersect(wanted: Box, size: Size): Box {
  const top = Math.max(0, wanted.top);
  const left = Math.max(0, wanted.left);
  return { top, left, height: Math.min(size.height, wanted.top + wanted.height) - top, width: Math.min(size.width, wanted.left + wanted.width) - left };
}

/** (scale x - mean) / std, channels first; `frame` places the picture in the result, whose rest is black. */
function normalise(picture: Picture, frame: Box, { scale, mean, std }: ProcessorConfig): Tensor {
  const plane = frame.height * frame.width;
  const data = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const value = Float32Array.from({ length: 256 }, (_, level) => (level * scale - mean[channel]!) / std[channel]!);
    data.fill(value[0]!, channel * plane, (channel + 1) * plane);
    for (let y = 0, from = channel; y < picture.height; y++) {
      const row = channel * plane + (frame.top + y) * frame.width + frame.left;
      for (let x = 0; x < picture.width; x++, from += 3) data[row + x] = value[picture.data[from]!]!;
    }
  }
  return { dtype: 'float32', shape: [3, frame.height, frame.width], data };
}
