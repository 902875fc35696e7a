import type { FileEntry } from './files';

/** 8-bit sRGB, row-major [height][width][3]; EXIF orientation applied, profile converted, alpha dropped. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Decodes one picture file. Rejects with a UserError that names the format and the remedy. */
export type DecodePicture = (file: FileEntry) => Promise<Picture>;
