import { UserError } from '../ir/errors';
import type { FileEntry, FileTree, Skipped } from './files';
import { avifHeader } from './headers/avif';
import { jpegHeader } from './headers/jpeg';
import { bmpHeader, gifHeader } from './headers/others';
import { pngHeader } from './headers/png';
import { decodedFormat, foreignPicture, otherContent } from './headers/recognise';
import { DamagedHeader, HeaderSource, UnsupportedHeader, type PictureHeader } from './headers/source';
import { webpHeader } from './headers/webp';
import { misplaced } from './layouts';

/** 8-bit sRGB, row-major [height][width][3]; EXIF orientation applied, profile converted, alpha dropped. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Decodes one picture file. Rejects with a UserError that names the format and the remedy. */
export type DecodePicture = (file: FileEntry) => Promise<Picture>;

/** From the first bytes only, before any pixel is allocated: what the file is. `reason` is a phrase: "HEIC, which browsers cannot decode". */
export type PictureVerdict =
  | { readonly status: 'image'; readonly format: string; /** After orientation. */ readonly width: number; readonly height: number; readonly header: PictureHeader }
  | { readonly status: 'unsupported' | 'damaged' | 'empty' | 'not-an-image'; readonly reason: string }
  | { readonly status: 'ignored' };

/** A picture of more pixels is not decoded: 134 megapixels, 400 MB of colours. The largest phone cameras make 108. */
const MOST_PIXELS = 2 ** 27;
const LONGEST_SIDE = 30_000;
const MOST_FILE_BYTES = 256e6;
/** Enough to tell all formats by. */
const HEAD_BYTES = 512;
/** Files that are looked into at a time. */
const PARALLEL = 16;

const READERS = { jpeg: jpegHeader, png: pngHeader, gif: gifHeader, webp: webpHeader, avif: avifHeader, bmp: bmpHeader };

/** Files that operating systems leave in folders: nobody chose them, nobody misses them. */
const SYSTEM_FILES = /(^|\/)(\.DS_Store|Thumbs\.db|ehthumbs\.db|desktop\.ini|\._[^/]*)$|(^|\/)__MACOSX\//i;

/** What a file is, by its content and never by its extension. */
export async function examinePicture(file: FileEntry): Promise<PictureVerdict> {
  if (SYSTEM_FILES.test(file.path)) return { status: 'ignored' };
  if (!file.size) return { status: 'empty', reason: 'an empty file' };
  const source = await HeaderSource.open(file);
  const head = await source.head(HEAD_BYTES);
  const format = decodedFormat(head);
  if (!format) {
    const foreign = foreignPicture(head);
    return foreign ? { status: 'unsupported', reason: `${foreign}, which cannot be decoded here` } : { status: 'not-an-image', reason: `${otherContent(head)}, not a picture` };
  }
  try {
    return sized(await READERS[format](source), file);
  } catch (error) {
    if (error instanceof DamagedHeader) return { status: 'damaged', reason: `damaged: ${error.message}` };
    if (error instanceof RangeError) return { status: 'damaged', reason: 'damaged: a part of its header is too short' };
    if (error instanceof UnsupportedHeader) return { status: 'unsupported', reason: `${error.message}, which cannot be decoded here` };
    throw error;
  }
}

/** The header of a file that is to be decoded. Rejects with a UserError that says what the file is instead of a picture. */
export async function pictureHeader(file: FileEntry): Promise<PictureHeader> {
  const verdict = await examinePicture(file);
  if (verdict.status === 'image') return verdict.header;
  throw new UserError(`The file is ${verdict.status === 'ignored' ? 'one of the operating system\'s' : verdict.reason}`, file.path, 'Leave it out, or convert it to JPEG, PNG, WebP or AVIF');
}

/** All pictures of a tree in its order, and what was skipped and why. Only headers are read. */
export async function surveyPictures(tree: FileTree): Promise<{ pictures: readonly FileEntry[]; skipped: readonly Skipped[] }> {
  const pictures: FileEntry[] = [];
  const skipped: Skipped[] = [...(tree.skipped ?? [])];
  for (let at = 0; at < tree.files.length; at += PARALLEL) {
    const files = tree.files.slice(at, at + PARALLEL);
    const verdicts = await Promise.all(files.map((file) => examinePicture(file).catch((error: Error) => ({ status: 'damaged' as const, reason: error.message }))));
    for (const [i, verdict] of verdicts.entries()) {
      const file = files[i]!;
      if (verdict.status === 'image') pictures.push(file);
      else if (verdict.status !== 'ignored') skipped.push({ path: file.path, reason: verdict.reason });
    }
  }
  return { pictures, skipped };
}

/** Why there is no picture in a tree. */
export function noPictures(tree: FileTree, skipped: readonly Skipped[]): UserError {
  const [first] = skipped;
  const others = skipped.length > 1 ? ` (and ${skipped.length - 1} more)` : '';
  return misplaced(tree, 'pictures') ?? new UserError(`There are no pictures in it${first ? `: ${first.path}: ${first.reason}${others}` : ''}`, tree.name, 'Choose a folder or an archive of JPEG, PNG, WebP, AVIF, GIF or BMP files');
}

function sized(header: PictureHeader, file: FileEntry): PictureVerdict {
  const { format, width, height } = header;
  if (width < 1 || height < 1) return { status: 'damaged', reason: `damaged: its header gives it ${width} x ${height} pixels` };
  if (width > LONGEST_SIDE || height > LONGEST_SIDE || width * height > MOST_PIXELS) {
    return { status: 'unsupported', reason: `too large: ${width} x ${height} pixels, where ${LONGEST_SIDE} a side and ${Math.floor(MOST_PIXELS / 1e6)} million in all are the most` };
  }
  if (file.size > MOST_FILE_BYTES) return { status: 'unsupported', reason: `too large: ${Math.round(file.size / 1e6)} MB, where ${MOST_FILE_BYTES / 1e6} are the most` };
  return header.orientation >= 5 ? { status: 'image', format, width: height, height: width, header } : { status: 'image', format, width, height, header };
}
