import type { Picture } from '../data/pictures';
import { encodePng } from '../data/scenes/png';
import { enlarge, type FloatMap } from '../eval/patches';
import type { HeatMaps } from './api';

/** Blue, green and yellow of equal steps in lightness, told apart by colour-blind people: viridis at quarters. */
const COLOURS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]] as const;
/** How much of the colour covers the picture. */
const COVER = 0.65;

/** A grey picture under a map, as a PNG; `from` and `to` are the values of the first and the last colour. */
function heatPicture({ width, height, data }: Picture, map: FloatMap, from: number, to: number): Blob {
  const values = enlarge(map, width, height).data;
  const pixels = new Uint8Array(3 * width * height);
  values.forEach((value, i) => {
    const grey = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
    colourAt((value - from) / (to - from || 1)).forEach((channel, c) => (pixels[3 * i + c] = Math.round((1 - COVER) * grey + COVER * channel)));
  });
  return pictureBlob({ width, height, data: pixels });
}

function pictureBlob(picture: Picture): Blob {
  return new Blob([encodePng(picture)], { type: 'image/png' });
}

/** @param at 0 to 1; beyond is cut off */
function colourAt(at: number): number[] {
  const place = Math.min(1, Math.max(0, at)) * (COLOURS.length - 1);
  const step = Math.min(COLOURS.length - 2, Math.floor(place));
  return COLOURS[step]!.map((channel, c) => channel + (place - step) * (COLOURS[step + 1]![c]! - channel));
}

/** A picture with its heat maps for a text, all on one scale. */
export function heatMaps(picture: Picture, text: string, before: FloatMap, after: FloatMap | undefined): HeatMaps {
  const values = [...before.data, ...(after?.data ?? [])];
  const paint = (map: FloatMap): Blob => heatPicture(picture, map, Math.min(...values), Math.max(...values));
  return { text, picture: pictureBlob(picture), before: paint(before), ...(after && { after: paint(after) }) };
}
