import { sizeOf } from '../../ir/tensor';
import type { Family, Lowering } from './lowering';

/** How one axis is resampled. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Part of the axis that is read, of which tf_crop_and_resize makes use. */
  readonly roi: readonly [number, number];
}

type Coefficients = (ratio: number, scale: number) => number[];

/** Where position `at` of the result lies in the operand, by the coordinate mode. */
function coordinate(l: Lowering, mode: string, at: number, { from, to, scale, roi }: Axis): number {
  const length = scale * from;
  switch (mode) {
    case 'asymmetric': return at / scale;
    case 'half_pixel': return (at + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel': return length === 1 ? -0.5 : (at + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': return (from / 2) * (1 - to / length) + (at + 0.5) / scale - 0.5;
    case 'align_corners': return length === 1 ? 0 : (at * (from - 1)) / (length - 1);
    case 'tf_crop_and_resize': return roi[0] * (from - 1) + (length === 1 ? ((roi[1] - roi[0]) * (from - 1)) / 2 : (at * (roi[1] - roi[0]) * (from - 1)) / (length - 1));
    default: return l.fail(`the coordinate mode "${mode}" is not known`);
  }
}

function nearest(mode: string, x: number, { scale }: Axis): number {
  switch (mode) {
    case 'floor': return Math.floor(x);
    case 'ceil': return Math.ceil(x);
    case 'round_prefer_ceil': return Math.floor(x + 0.5);
    // Before operator set 11
    case 'simple': return scale < 1 ? Math.ceil(x) : Math.floor(x);
    default: return Math.ceil(x - 0.5);
  }
}

// W(x) = (a+2)|x|^3 - (a+3)|x|^2 + 1 for |x| <= 1,  a|x|^3 - 5a|x|^2 + 8a|x| - 4a for |x| < 2
export function cubicWeight(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Weights of the neighbours of a point that lies `ratio` in (0, 1] past the left one; antialiasing widens the kernel when shrinking. */
function kernel(weight: (x: number) => number, radius: number, antialias: boolean): Coefficients {
  return (ratio, given) => {
    const scale = antialias ? Math.min(given, 1) : 1;
    const start = Math.floor(-radius / scale) + 1;
    const weights = Array.from({ length: 2 - 2 * start }, (_, i) => weight((start + i - ratio) * scale));
    const total = antialias ? weights.reduce((sum, value) => sum + value, 0) : 1;
    return weights.map((value) => value / total);
  };
}

/** One row of weights over the operand's axis; what lies outside goes to the edge, or is left out. */
function row(x: number, axis: Axis, coefficients: Coefficients, excludeOutside: boolean): number[] {
  const left = Number.isInteger(x) ? x - 1 : Math.floor(x);
  const weights = coefficients(x - left, axis.scale);
  const first = left - weights.length / 2 + 1;
  const inside = (i: number): boolean => first + i >= 0 && first + i < axis.from;
  const total = excludeOutside ? weights.reduce((sum, value, i) => sum + (inside(i) ? value : 0), 0) : 1;
  const out = new Array<number>(axis.from).fill(0);
  weights.forEach((value, i) => {
    if (!excludeOutside || inside(i)) out[Math.min(Math.max(first + i, 0), axis.from - 1)]! += value / total;
  });
  return out;
}

/** Multiplies one axis by a matrix [to, from]. */
function along(l: Lowering, value: string, axis: number, matrix: readonly (readonly number[])[]): string {
  const shape = l.shapeOf(value);
  const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  const weights = l.vector('float32', matrix.flat(), [matrix.length, shape[axis]!]);
  const result = [...shape.slice(0, axis), matrix.length, ...shape.slice(axis + 1)];
  if (inner === 1) return l.reshape(l.apply('MatMul', l.reshape(value, [outer, shape[axis]!]), l.transpose(weights, [1, 0])), result);
  return l.reshape(l.apply('MatMul', weights, l.reshape(value, [outer, shape[axis]!, inner])), result);
}

/** Reads the given positions of one axis: repeats or strides where they are regular. */
function pick(l: Lowering, value: string, axis: number, indices: readonly number[]): string {
  const shape = l.shapeOf(value);
  const factor = indices.length / shape[axis]!;
  if (Number.isInteger(factor) && indices.every((index, i) => index === Math.floor(i / factor))) {
    const apart = l.reshape(value, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
    const repeated = l.expand(apart, [...shape.slice(0, axis + 1), factor, ...shape.slice(axis + 1)]);
    return l.reshape(repeated, [...shape.slice(0, axis), indices.length, ...shape.slice(axis + 1)]);
  }
  const step = indices.length > 1 ? indices[1]! - indices[0]! : 1;
  if (step > 0 && indices.every((index, i) => index === indices[0]! + i * step)) return l.slice(value, axis, indices[0]!, indices.at(-1)! + 1, step);
  return l.add('Gather', [value, l.vector('int64', indices)], { axis });
}

/** The axes of the operand that change, with their scales, sizes and regions. */
function axesOf(l: Lowering): Map<number, Axis> {
  const shape = l.shape(0);
  const chosen = l.list('axes')?.map((axis) => l.axis(axis, shape.length)) ?? shape.map((_, i) => i);
  const scalesAt = l.opset < 11 ? 1 : 2;
  const known = (i: number): number[] | undefined => (l.has(i) && l.shape(i)[0] !== 0 ? l.values(i) : undefined);
  const sizes = l.opset < 11 ? undefined : known(3);
  const scales = sizes ? chosen.map((axis, i) => sizes[i]! / shape[axis]!) : (l.list('scales') ?? known(scalesAt) ?? l.fail('it has neither scales nor sizes'));
  const roi = l.opset < 11 ? undefined : known(1);
  const policy = l.text('keep_aspect_ratio_policy', 'stretch');
  const common = !sizes || policy === 'stretch' ? undefined : policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  return new Map(chosen.map((axis, i) => {
    const scale = common ?? scales[i]!;
    const to = common !== undefined ? Math.floor(common * shape[axis]! + 0.5) : sizes ? sizes[i]! : Math.floor(scale * shape[axis]!);
    return [axis, { from: shape[axis]!, to, scale, roi: roi ? [roi[i]!, roi[i + chosen.length]!] : [0, 1] }];
  }));
}

function resize(l: Lowering): string {
  const modern = l.opset >= 11 && l.node.op === 'Resize';
  const mode = l.text('mode', 'nearest').replace('bilinear', 'linear');
  const coordinates = modern ? l.text('coordinate_transformation_mode', 'half_pixel') : 'asymmetric';
  const rounding = modern ? l.text('nearest_mode', 'round_prefer_floor') : 'simple';
  const a = l.number('cubic_coeff_a', -0.75);
  const antialias = l.flag('antialias');
  const weights = mode === 'cubic' ? kernel((x) => cubicWeight(x, a), 2, antialias) : kernel((x) => Math.max(0, 1 - Math.abs(x)), 1, antialias);
  if (!['nearest', 'linear', 'cubic'].includes(mode)) l.fail(`the mode "${mode}" is not known`);
  const cropped = coordinates === 'tf_crop_and_resize';
  let value = l.input(0);
  let beyond: string | undefined;
  for (const [axis, how] of axesOf(l)) {
    if (how.to === how.from && Math.abs(how.scale - 1) < 1e-9 && !cropped) continue;
    if (how.from === 0) l.fail(`axis ${axis} is empty`);
    l.counted(mode === 'nearest' ? how.to : how.to * how.from);
    const at = Array.from({ length: how.to }, (_, i) => coordinate(l, coordinates, i, how));
    if (mode === 'nearest') value = pick(l, value, axis, at.map((x) => Math.min(Math.max(nearest(rounding, x, how), 0), how.from - 1)));
    else value = along(l, value, axis, at.map((x) => row(x, how, weights, l.flag('exclude_outside'))));
    const outside = at.map((x) => Number(x < 0 || x > how.from - 1));
    if (!cropped || !outside.includes(1)) continue;
    const mask = l.vector('bool', outside, l.shape(0).map((_, i) => (i === axis ? how.to : 1)));
    beyond = beyond === undefined ? mask : l.apply('Or', beyond, mask);
  }
  return beyond === undefined ? value : l.apply('Where', beyond, l.scalar(l.number('extrapolation_value', 0), value), value);
}

export const RESIZE: Family = { Resize: resize, Upsample: resize };
