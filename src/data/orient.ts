import type { Picture } from './pictures';

/** The picture turned and mirrored as EXIF's orientation (1 to 8) wants it. */
export function orient(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { width, height, data } = picture;
  const turned = orientation >= 5;
  // Where the stored pixel (x, y) goes: mirrored across or down first, then, from 5 on, rows become columns.
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(data.length);
  const outWidth = turned ? height : width;
  for (let y = 0, from = 0; y < height; y++) {
    const v = mirrorY ? height - 1 - y : y;
    for (let x = 0; x < width; x++, from += 3) {
      const u = mirrorX ? width - 1 - x : x;
      const to = 3 * (turned ? u * outWidth + v : v * outWidth + u);
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return turned ? { width: height, height: width, data: out } : { width, height, data: out };
}
