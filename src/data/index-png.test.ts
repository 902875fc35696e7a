import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { fileOf } from '../testing/picture-files';
import { readIndexPng } from './index-png';
import { encodePng } from './scenes/png';

const read = (bytes: Uint8Array): ReturnType<typeof readIndexPng> => readIndexPng(fileOf('m.png', bytes));
const noise = Uint8Array.from({ length: 37 * 23 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 24) & 255);
const smooth = Uint8Array.from({ length: 37 * 23 }, (_, i) => (Math.floor((i % 37) / 9) + Math.floor(i / 37 / 6)) & 255);

/** One chunk; checksums are not read. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  new DataView(bytes.buffer).setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  return bytes;
}

function pngOf(width: number, height: number, depth: number, colour: number, rows: Uint8Array, interlace = 0): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, colour, 0, 0, interlace], 8);
  return Buffer.concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array(0))]);
}

describe('indices of a PNG', () => {
  it.each([['noise', noise], ['smooth', smooth]])('are those that libpng wrote, whatever its filters: %s', async (_, data) => {
    for (const adaptiveFiltering of [true, false]) {
      const bytes = await sharp(data, { raw: { width: 37, height: 23, channels: 1 } }).toColourspace('b-w').png({ adaptiveFiltering }).toBuffer();
      expect((await read(bytes)).data).toEqual(data);
    }
    expect((await read(encodePng({ width: 37, height: 23, data }))).data).toEqual(data);
  });

  it('are those of a palette, not its colours', async () => {
    expect(await read(pngOf(2, 2, 8, 3, Uint8Array.of(0, 0, 255, 4, 17, 1)))).toEqual({ width: 2, height: 2, data: Uint8Array.of(0, 255, 17, 0) });
  });

  it('take less than a byte where the depth says so', async () => {
    expect((await read(pngOf(5, 1, 2, 3, Uint8Array.of(0, 0b00011011, 0b11000000)))).data).toEqual(Uint8Array.of(0, 1, 2, 3, 3));
    expect((await read(pngOf(3, 2, 4, 3, Uint8Array.of(0, 0x12, 0x30, 2, 0x11, 0x10)))).data).toEqual(Uint8Array.of(1, 2, 3, 2, 3, 4));
    expect((await read(pngOf(9, 1, 1, 0, Uint8Array.of(0, 0b10100001, 0x80)))).data).toEqual(Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 1, 1));
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['colours', pngOf(1, 1, 8, 2, Uint8Array.of(0, 1, 2, 3)), /colours \(RGB\).*m\.png.*palette/],
    ['16 bits', pngOf(1, 1, 16, 0, Uint8Array.of(0, 1, 2)), /16 bits/],
    ['interlacing', pngOf(1, 1, 8, 0, Uint8Array.of(0, 1), 1), /interlaced/],
    ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), /no PNG/],
    ['missing rows', pngOf(2, 3, 8, 0, Uint8Array.of(0, 1, 2)), /damaged \(pixels are missing\)/],
    ['a filter that is none', pngOf(1, 1, 8, 0, Uint8Array.of(9, 1)), /filter 9/],
    ['a cut file', pngOf(2, 2, 8, 0, Uint8Array.of(0, 1, 2, 0, 1, 2)).subarray(0, 50), /cut off|no pixels/],
  ])('refuse %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });
});
