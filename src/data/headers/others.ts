import { DamagedHeader, type HeaderSource, type PictureHeader } from './source';

export async function gifHeader(source: HeaderSource): Promise<PictureHeader> {
  const view = await source.view(6, 4);
  return { format: 'gif', width: view.getUint16(0, true), height: view.getUint16(2, true), orientation: 1 };
}

/** Sizes of the headers that BMP has had. */
const BMP_HEADERS = new Set([12, 40, 52, 56, 64, 108, 124]);
const OLD_BMP_HEADER = 12;

export async function bmpHeader(source: HeaderSource): Promise<PictureHeader> {
  const size = (await source.view(14, 4)).getUint32(0, true);
  if (!BMP_HEADERS.has(size)) throw new DamagedHeader('its header is of no known kind');
  const view = await source.view(18, 8);
  if (size === OLD_BMP_HEADER) return { format: 'bmp', width: view.getUint16(0, true), height: view.getUint16(2, true), orientation: 1 };
  return { format: 'bmp', width: view.getInt32(0, true), height: Math.abs(view.getInt32(4, true)), orientation: 1 };
}
