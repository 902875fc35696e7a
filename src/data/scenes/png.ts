import { concatenated } from '../bytes';
import type { Picture } from '../pictures';
import type { Mask } from './draw';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** Bytes that one stored block of deflate holds at most. */
const BLOCK = 0xffff;

/**
 * A PNG of 8-bit colour (a picture) or 8-bit grey (a mask, whose grey levels are class indices). Lossless, unlike JPEG, whose blocks and halved chroma smear 64 pixels, and not
 * compressed: grain hardly shrinks, and so the size is known before anything is drawn.
 */
export function encodePng(image: Picture | Mask): Uint8Array<ArrayBuffer> {
  const { width, height, data } = image;
  const channels = data.length / (width * height);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 3 ? 2 : 0], 8);
  return concatenated([Uint8Array.from(SIGNATURE), chunk('IHDR', header), chunk('IDAT', stored(unfiltered(data, width * channels, height))), chunk('IEND', new Uint8Array(0))]);
}

/** Bytes of the PNG of a picture in colour. */
export function pngSize(width: number, height: number): number {
  const rows = (3 * width + 1) * height;
  return SIGNATURE.length + 3 * 12 + 13 + 2 + 5 * Math.ceil(rows / BLOCK) + rows + 4;
}

/** Each row after its filter type, which is none. */
function unfiltered(data: Uint8Array, stride: number, height: number): Uint8Array {
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return rows;
}

/** A zlib stream of stored blocks: header, blocks (whether it is the last, length, its complement, bytes), Adler-32. */
function stored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    const { length } = block;
    parts.push(Uint8Array.of(at + length === bytes.length ? 1 : 0, length & 255, length >>> 8, ~length & 255, (~length >>> 8) & 255), block);
  }
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return concatenated([...parts, Uint8Array.of(high >>> 8, high & 255, low >>> 8, low & 255)]);
}

/** Length, type, data, CRC-32 of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < bytes.length - 4; i++) crc = CRC_TABLE[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  view.setUint32(bytes.length - 4, ~crc >>> 0);
  return bytes;
}
