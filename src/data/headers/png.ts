import { exifOrientation } from './exif';
import { DamagedHeader, MOST_PARTS, type HeaderSource, type PictureHeader } from './source';

const SIGNATURE_BYTES = 8;
/** The longest EXIF block that is looked into. */
const MOST_EXIF = 1_000_000;

export async function pngHeader(source: HeaderSource): Promise<PictureHeader> {
  const first = await source.view(SIGNATURE_BYTES, 16);
  if (first.getUint32(0) !== 13 || (await source.text(SIGNATURE_BYTES + 4, 4)) !== 'IHDR') throw new DamagedHeader('it does not begin with an IHDR chunk');
  const [width, height] = [first.getUint32(8), first.getUint32(12)];
  let orientation = 1;
  for (let at = SIGNATURE_BYTES, parts = 0; parts < MOST_PARTS && at + 12 <= source.size; parts++) {
    const length = (await source.view(at, 4)).getUint32(0);
    const type = await source.text(at + 4, 4);
    if (type === 'IDAT' || type === 'IEND') break;
    if (type === 'eXIf' && length <= MOST_EXIF) orientation = exifOrientation(await source.view(at + 8, length));
    at += 12 + length;
  }
  return { format: 'png', width, height, orientation };
}
