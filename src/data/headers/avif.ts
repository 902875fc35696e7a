import { DamagedHeader, MOST_PARTS, type HeaderSource, type PictureHeader } from './source';

interface Box {
  readonly type: string;
  /** Of the contents, after the header. */
  readonly start: number;
  readonly end: number;
}

/** A `meta` box larger than this holds no sensible header. */
const MOST_META = 4_000_000;

/**
 * Size and turn of an ISO base media still (AVIF, HEIC): the primary item (`pitm`), the properties it is associated with (`ipma`), among them its
 * size (`ispe`) and quarter turns (`irot`). Decoders apply the turns themselves, so the size is the turned one.
 */
export async function avifHeader(source: HeaderSource): Promise<PictureHeader> {
  const meta = await find(source, 0, source.size, 'meta');
  if (meta.end - meta.start > MOST_META) throw new DamagedHeader('its meta box is too large');
  const inMeta = (type: string) => find(source, meta.start + 4, meta.end, type);
  const primary = await primaryItem(source, await inMeta('pitm'));
  const iprp = await inMeta('iprp');
  const ipco = await find(source, iprp.start, iprp.end, 'ipco');
  const properties = await boxes(source, ipco.start, ipco.end);
  const wanted = await associations(source, await find(source, iprp.start, iprp.end, 'ipma'), primary);
  let [width, height] = [0, 0];
  let turns = 0;
  for (const box of wanted.map((index) => properties[index - 1])) {
    if (box?.type === 'ispe') {
      const view = await source.view(box.start, 12);
      [width, height] = [view.getUint32(4), view.getUint32(8)];
    } else if (box?.type === 'irot') turns = (await source.view(box.start, 1)).getUint8(0) & 3;
  }
  return { format: 'avif', ...(turns % 2 ? { width: height, height: width } : { width, height }), orientation: 1 };
}

async function boxes(source: HeaderSource, start: number, end: number): Promise<Box[]> {
  const found: Box[] = [];
  for (let at = start; at + 8 <= end && found.length < MOST_PARTS; at = found.at(-1)!.end) {
    const view = await source.view(at, 8);
    const type = await source.text(at + 4, 4);
    const short = view.getUint32(0);
    const [header, length] = short === 1 ? [16, Number((await source.view(at + 8, 8)).getBigUint64(0))] : [8, short || end - at];
    if (length < header) throw new DamagedHeader(`its ${type.replace(/[^\x20-\x7e]/g, '?')} box has no length`);
    found.push({ type, start: at + header, end: Math.min(end, at + length) });
  }
  return found;
}

async function find(source: HeaderSource, start: number, end: number, type: string): Promise<Box> {
  const box = (await boxes(source, start, end)).find((candidate) => candidate.type === type);
  return box ?? fail(type);
}

function fail(type: string): never {
  throw new DamagedHeader(`its ${type} box is missing`);
}

async function primaryItem(source: HeaderSource, { start }: Box): Promise<number> {
  const version = (await source.view(start, 1)).getUint8(0);
  return version === 0 ? (await source.view(start + 4, 2)).getUint16(0) : (await source.view(start + 4, 4)).getUint32(0);
}

/** The numbers (from 1) of the properties that belong to an item. */
async function associations(source: HeaderSource, { start, end }: Box, item: number): Promise<number[]> {
  const view = await source.view(start, end - start);
  const wideItems = view.getUint8(0) > 0;
  const wideProperties = (view.getUint8(3) & 1) === 1;
  let at = 8;
  for (let entries = view.getUint32(4); entries > 0 && at + 5 <= view.byteLength; entries--) {
    const id = wideItems ? view.getUint32(at) : view.getUint16(at);
    at += wideItems ? 4 : 2;
    const count = view.getUint8(at++);
    const width = wideProperties ? 2 : 1;
    if (at + count * width > view.byteLength) break;
    const numbers = Array.from({ length: count }, (_, i) => (wideProperties ? view.getUint16(at + i * 2) & 0x7fff : view.getUint8(at + i) & 0x7f));
    if (id === item) return numbers;
    at += count * width;
  }
  return [];
}
