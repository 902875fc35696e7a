import sharp, { type PngOptions } from 'sharp';
import type { Picture } from '../pictures';

/** A picture's place on a sheet, in pixels from its left upper corner. */
export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly picture: Picture;
}

export interface Label {
  readonly x: number;
  /** The line that the words stand on. */
  readonly y: number;
  readonly text: string;
  /** Type size in pixels; 9 unless said. */
  readonly size?: number;
}

export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly cells: readonly Cell[];
  readonly labels: readonly Label[];
}

/** A contact sheet, white where nothing stands, as a PNG. */
export async function sheetPng({ width, height, cells, labels }: Sheet, options: PngOptions): Promise<Uint8Array> {
  const data = new Uint8Array(width * height * 3).fill(255);
  for (const { x, y, picture } of cells) {
    const row = picture.width * 3;
    for (let line = 0; line < picture.height; line++) data.set(picture.data.subarray(line * row, (line + 1) * row), ((y + line) * width + x) * 3);
  }
  const text = labels.map((label) => `<text x="${label.x}" y="${label.y}" font-size="${label.size ?? 9}">${label.text}</text>`).join('');
  const overlay = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g font-family="DejaVu Sans, sans-serif" fill="#222">${text}</g></svg>`);
  return sharp(data, { raw: { width, height, channels: 3 } }).composite([{ input: overlay }]).png(options).toBuffer();
}
