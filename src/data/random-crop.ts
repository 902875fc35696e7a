import type { Picture } from './pictures';
import { crop, resize, type Box } from './resample';

/** Attempts at a crop that fits before the fallback, as in torchvision. */
const ATTEMPTS = 10;

/** The rectangle of a picture, resized to size x size as torchvision's `resized_crop` on a PIL picture does (bicubic, nothing outside the box is seen). */
export function cropResize(picture: Picture, box: Box, size: number): Picture {
  return resize(crop(picture, box), size, size, 'bicubic');
}

/**
 * Draws torchvision's `RandomResizedCrop` box: an area in `scale` of the picture's, an aspect ratio (width / height) in `ratio`, log-uniformly; after
 * ten attempts that do not fit, the largest centred box of an allowed ratio. `uniform` gives numbers in [0, 1).
 */
export function randomResizedCrop(
  width: number,
  height: number,
  uniform: () => number,
  scale: readonly [number, number] = [0.9, 1],
  ratio: readonly [number, number] = [3 / 4, 4 / 3],
): Box {
  const between = (low: number, high: number) => low + uniform() * (high - low);
  const below = (bound: number) => Math.floor(uniform() * bound);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * between(...scale);
    const aspect = Math.exp(between(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = roundHalfEven(Math.sqrt(area * aspect));
    const h = roundHalfEven(Math.sqrt(area / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) return { top: below(height - h + 1), left: below(width - w + 1), height: h, width: w };
  }
  const aspect = width / height;
  const w = aspect > ratio[1] ? roundHalfEven(height * ratio[1]) : width;
  const h = aspect < ratio[0] ? roundHalfEven(width / ratio[0]) : height;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/** Python's `round`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}
