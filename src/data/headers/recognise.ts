/** The picture formats that are decoded, told by their first bytes (Latin-1). */
export function decodedFormat(head: string): 'jpeg' | 'png' | 'gif' | 'webp' | 'avif' | 'bmp' | undefined {
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (/^GIF8[79]a/.test(head)) return 'gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp';
  if (brands(head).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  if (head.startsWith('BM') && head.charCodeAt(15) + head.charCodeAt(16) + head.charCodeAt(17) === 0) return 'bmp';
  return undefined;
}

/** Picture formats that browsers do not decode, or that hold no photograph; each with the name that a person knows it by. */
const FOREIGN_PICTURES: readonly (readonly [name: string, matches: (head: string) => boolean])[] = [
  ['HEIC', (head) => brands(head).some((brand) => /^(hei[cxms]|hev[cx]|mif1|msf1)$/.test(brand))],
  ['SVG (a vector drawing)', (head) => /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg[^]*)?<svg[\s>]/i.test(head)],
  ['SVG (a vector drawing)', (head) => /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<!DOCTYPE svg/i.test(head)],
  ['TIFF or camera raw', (head) => /^(II[*+]\0|MM\0[*+]|IIU\0)/.test(head)],
  ['JPEG XL', (head) => head.startsWith('\xff\x0a') || head.startsWith('\0\0\0\x0cJXL ')],
  ['JPEG 2000', (head) => head.startsWith('\0\0\0\x0cjP  ') || head.startsWith('\xff\x4f\xff\x51')],
  ['Photoshop', (head) => head.startsWith('8BPS')],
  ['icon (ICO)', (head) => /^\0\0[\x01\x02]\0[^\0]\0/.test(head)],
  ['OpenEXR', (head) => head.startsWith('v/1\x01')],
  ['Radiance HDR', (head) => head.startsWith('#?RADIANCE')],
  ['QOI', (head) => head.startsWith('qoif')],
  ['portable anymap (PNM)', (head) => /^P[1-7]\s/.test(head)],
  ['Apple icon', (head) => head.startsWith('icns')],
];

/** What files that are no pictures are, by their first bytes. */
const OTHERS: readonly (readonly [what: string, matches: (head: string) => boolean])[] = [
  ['a web page (HTML)', (head) => /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i.test(head)],
  ['an XML document', (head) => /^(\xef\xbb\xbf)?\s*<\?xml/.test(head)],
  ['a PDF document', (head) => head.startsWith('%PDF')],
  ['a video', (head) => brands(head).length > 0 || head.startsWith('\x1aE\xdf\xa3') || (head.startsWith('RIFF') && head.slice(8, 11) === 'AVI')],
  ['an archive', (head) => /^(PK[\x03\x05]|Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ)/.test(head)],
  ['a program', (head) => head.startsWith('\x7fELF') || head.startsWith('MZ')],
  ['text', (head) => head.length > 0 && !/[\x00-\x08\x0e-\x1f\x7f\xc0\xc1\xf5-\xff]/.test(head)],
];

/** The name of a picture format that is not decoded. */
export function foreignPicture(head: string): string | undefined {
  return FOREIGN_PICTURES.find(([, matches]) => matches(head))?.[0];
}

/** In words, what a file that is no picture seems to be. */
export function otherContent(head: string): string {
  return OTHERS.find(([, matches]) => matches(head))?.[0] ?? 'data of an unknown kind';
}

/** The brands of an ISO base media file (AVIF, HEIC, MP4): the major one and those it is compatible with. */
function brands(head: string): string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const length = Math.min(head.length, (head.charCodeAt(2) << 8) | head.charCodeAt(3));
  return [head.slice(8, 12), ...(head.slice(16, length).match(/[^]{4}/g) ?? [])];
}
