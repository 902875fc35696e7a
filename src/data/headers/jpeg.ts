import { exifOrientation } from './exif';
import { DamagedHeader, MOST_PARTS, UnsupportedHeader, type HeaderSource, type PictureHeader } from './source';

const EXIF = 0x45786966;

/** Start-of-frame markers that decoders know: baseline, extended and progressive, Huffman-coded. */
const DECODED_FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** 0xc4, 0xc8 and 0xcc are no frames: Huffman tables, reserved, arithmetic conditioning. */
const NO_FRAMES = new Set([0xc4, 0xc8, 0xcc]);

export async function jpegHeader(source: HeaderSource): Promise<PictureHeader> {
  let orientation: number | undefined;
  for (let at = 2, parts = 0; parts < MOST_PARTS; parts++) {
    const { marker, next } = await nextMarker(source, at);
    if (marker === 0xd9 || marker === 0xda) throw new DamagedHeader('its size is missing (no frame header before the scan)');
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at = next;
      continue;
    }
    const length = (await source.view(next, 2)).getUint16(0);
    if (length < 2) throw new DamagedHeader('a segment of its header has no length');
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.has(marker)) return frame(await source.view(next, 8), marker, orientation ?? 1);
    if (marker === 0xe1 && orientation === undefined && length >= 10) {
      const segment = await source.view(next + 2, length - 2);
      if (segment.getUint32(0) === EXIF) orientation = exifOrientation(segment);
    }
    at = next + length;
  }
  throw new DamagedHeader('its header has thousands of segments');
}

/** The marker at a place, past fill bytes, and where its segment begins. */
async function nextMarker(source: HeaderSource, at: number): Promise<{ marker: number; next: number }> {
  if ((await source.view(at, 1)).getUint8(0) !== 0xff) throw new DamagedHeader(`byte ${at} of its header should begin a segment`);
  let next = at + 1;
  for (; next < at + MOST_PARTS; next++) {
    const marker = (await source.view(next, 1)).getUint8(0);
    if (marker !== 0xff) return { marker, next: next + 1 };
  }
  throw new DamagedHeader('its header is filled with empty bytes');
}

function frame(segment: DataView, marker: number, orientation: number): PictureHeader {
  const precision = segment.getUint8(2);
  if (!DECODED_FRAMES.has(marker)) throw new UnsupportedHeader('lossless or arithmetic-coded JPEG');
  if (precision !== 8) throw new UnsupportedHeader(`JPEG of ${precision} bits a sample`);
  return { format: 'jpeg', height: segment.getUint16(3), width: segment.getUint16(5), orientation };
}
