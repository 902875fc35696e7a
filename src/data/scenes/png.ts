import { concatenated } from '../bytes';
import type { Picture } from '../pictures';
import type { Mask } from './draw';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** A PNG of 8-bit colour (a picture) or 8-bit grey (a mask, whose grey levels are class indices). Lossless, unlike JPEG, whose blocks and halved chroma smear 64 pixels. */
export async function encodePng(image: Picture | Mask): Promise<Uint8Array> {
  const { width, height, data } = image;
  const channels = data.length / (width * height);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 3 ? 2 : 0], 8);
  return concatenated([Uint8Array.from(SIGNATURE), chunk('IHDR', header), chunk('IDAT', await deflate(filterRows(data, width * channels, height))), chunk('IEND', new Uint8Array(0))]);
}

/** Each row as differences from the row above (filter type 2). */
function filterRows(data: Uint8Array, stride: number, height: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    rows[y * (stride + 1)] = 2;
    for (let i = 0; i < stride; i++) rows[y * (stride + 1) + 1 + i] = data[y * stride + i]! - (y > 0 ? data[(y - 1) * stride + i]! : 0);
  }
  return rows;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer());
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
