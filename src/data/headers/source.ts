import type { FileEntry } from '../files';

/** What a picture file says of itself before its pixels. */
export interface PictureHeader {
  readonly format: string;
  /** Before `orientation` is applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF's 1 to 8: how the decoded picture is to be turned and mirrored. */
  readonly orientation: number;
}

/** A header that breaks its format's rules or ends too soon; the message completes "the file is damaged: ...". */
export class DamagedHeader extends Error {}

/** A sound header of a kind that browsers do not decode; the message names the kind. */
export class UnsupportedHeader extends Error {}

/** Bytes that are read ahead at a time. */
const WINDOW = 65_536;

/** More parts (segments, chunks, boxes) than any real header has before its pixels. */
export const MOST_PARTS = 4096;

/** Random access to the few bytes of a file that headers are made of. */
export class HeaderSource {
  private constructor(
    private readonly file: FileEntry,
    private window: Uint8Array<ArrayBuffer>,
    private from: number,
  ) {}

  static async open(file: FileEntry): Promise<HeaderSource> {
    return new HeaderSource(file, await file.read(0, WINDOW), 0);
  }

  /** Bytes of the file. */
  get size(): number {
    return this.file.size;
  }

  /** The bytes start..start+length; an error where the file ends before. */
  async view(start: number, length: number): Promise<DataView> {
    if (start + length > this.file.size) throw new DamagedHeader(`it ends after ${this.file.size} bytes, inside its header`);
    if (start < this.from || start + length > this.from + this.window.length) {
      this.window = await this.file.read(start, start + Math.max(length, WINDOW));
      this.from = start;
    }
    return new DataView(this.window.buffer, this.window.byteOffset + start - this.from, length);
  }

  /** The beginning of the file as Latin-1 text, `length` characters or fewer. */
  async head(length: number): Promise<string> {
    return latin1(await this.view(0, Math.min(length, this.file.size)));
  }

  /** Bytes as Latin-1 text: signatures and four-letter names. */
  async text(start: number, length: number): Promise<string> {
    return latin1(await this.view(start, length));
  }
}

function latin1(view: DataView): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}
