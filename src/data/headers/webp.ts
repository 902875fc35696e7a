import { exifOrientation } from './exif';
import { DamagedHeader, MOST_PARTS, type HeaderSource, type PictureHeader } from './source';

/** Where the first chunk begins, after "RIFF", the size and "WEBP". */
const FIRST_CHUNK = 12;
/** In VP8X's first byte: an EXIF chunk follows somewhere. */
const HAS_EXIF = 0x08;

export async function webpHeader(source: HeaderSource): Promise<PictureHeader> {
  const chunk = await source.text(FIRST_CHUNK, 4);
  const body = FIRST_CHUNK + 8;
  if (chunk === 'VP8X') {
    const view = await source.view(body, 10);
    const size = { width: 1 + uint24(view, 4), height: 1 + uint24(view, 7) };
    return { format: 'webp', ...size, orientation: view.getUint8(0) & HAS_EXIF ? await orientationOf(source) : 1 };
  }
  if (chunk === 'VP8L') {
    const view = await source.view(body, 5);
    if (view.getUint8(0) !== 0x2f) throw new DamagedHeader('its lossless stream has no signature');
    const bits = view.getUint32(1, true);
    return { format: 'webp', width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff), orientation: 1 };
  }
  if (chunk !== 'VP8 ') throw new DamagedHeader('its first chunk is none that WebP knows');
  const view = await source.view(body, 10);
  if (view.getUint8(0) & 1 || view.getUint8(3) !== 0x9d || view.getUint8(4) !== 0x01 || view.getUint8(5) !== 0x2a) throw new DamagedHeader('its first frame has no start code');
  return { format: 'webp', width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff, orientation: 1 };
}

/** Makes decoders overlook the EXIF chunk: some turn WebP pictures by it, some do not. Changes `bytes`, a whole file whose orientation is not 1. */
export function forgetWebpExif(bytes: Uint8Array): void {
  bytes[FIRST_CHUNK + 8]! &= ~HAS_EXIF;
}

async function orientationOf(source: HeaderSource): Promise<number> {
  for (let at = FIRST_CHUNK, parts = 0; parts < MOST_PARTS && at + 8 <= source.size; parts++) {
    const length = (await source.view(at, 8)).getUint32(4, true);
    if ((await source.text(at, 4)) === 'EXIF' && at + 8 + length <= source.size) return exifOrientation(await source.view(at + 8, length));
    at += 8 + length + (length & 1);
  }
  return 1;
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}
