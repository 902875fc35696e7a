import type { Colour } from './raster';
import { arc, type Pen } from './pen';

/** Strokes of a letter in a cell from -1 to 1 in both directions. */
const LETTERS = {
  X: [[-0.8, -1, 0.8, 1], [0.8, -1, -0.8, 1]],
  O: [arc(0, 0, 0.85, 1, 0, 1, 24)],
  T: [[-0.9, -1, 0.9, -1], [0, -1, 0, 1]],
  L: [[-0.6, -1, -0.6, 1, 0.8, 1]],
  G: [[...arc(0, 0, 0.85, 1, -0.1, -0.97, 20), 0.85, 0.1, 0.2, 0.1]],
  H: [[-0.75, -1, -0.75, 1], [0.75, -1, 0.75, 1], [-0.75, 0, 0.75, 0]],
  I: [[0, -1, 0, 1]],
} as const satisfies Record<string, readonly (readonly number[])[]>;

const ADVANCE: Readonly<Record<string, number>> = { I: 0.6 };

/** What can be written on things, as captions say it: letters and words that differ at a glance. */
export const TEXTS = ['that says X', 'that says O', 'that says T', 'that says L', 'that says GO', 'that says HI'] as const;

/** Writes the last word of one of TEXTS around (x, y), as large as fits into a box of half-width and half-height. */
export function write(pen: Pen, text: (typeof TEXTS)[number], x: number, y: number, halfWidth: number, halfHeight: number, colour: Colour): void {
  const letters = [...text.slice(text.lastIndexOf(' ') + 1)] as (keyof typeof LETTERS)[];
  const widths = letters.map((letter) => ADVANCE[letter] ?? 2);
  const gap = 0.75;
  const total = widths.reduce((sum, width) => sum + width, 0) + gap * (letters.length - 1);
  const sx = Math.min((2 * halfWidth) / total, halfHeight);
  const sy = Math.min(halfHeight, sx * 1.6);
  const stroke = Math.min(0.52 * sx, 0.4 * sy) + 0.03;
  let left = x - (total * sx) / 2;
  letters.forEach((letter, i) => {
    const middle = left + (widths[i]! * sx) / 2;
    for (const points of LETTERS[letter]) pen.line(points.map((value, j) => (j % 2 === 0 ? middle + value * sx : y + value * sy)), stroke, colour);
    left += (widths[i]! + gap) * sx;
  });
}
