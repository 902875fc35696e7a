import { UserError } from '../ir/errors';
import type { FileEntry } from './files';

/** An entry's name as its archive has it, made fit to be shown and looked up; `escapes` where it would lead out of the archive's folder. */
export function entryPath(name: string): { path: string; escapes: boolean } {
  const slashed = name.replaceAll('\\', '/');
  const parts = slashed.split('/');
  const path = parts.filter((part) => part && part !== '.').join('/');
  const shown = path.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return { path: shown, escapes: slashed.startsWith('/') || /^[a-z]:/i.test(slashed) || parts.includes('..') };
}

/** Read from a file at a time. */
const READ_AHEAD = 1 << 20;
/** Handed on at a time: browsers inflate a piece whole before anybody can stop them, to up to 1000 times its size. */
const PIECE = 1 << 14;

/** The bytes start..end of a file in small pieces, read as they are wanted. */
export function pieces(entry: FileEntry, start = 0, end = entry.size): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  let ahead = new Uint8Array(0);
  return new ReadableStream({
    async pull(controller) {
      if (!ahead.length) {
        ahead = await entry.read(at, Math.min(end, at + READ_AHEAD));
        at += ahead.length;
      }
      if (!ahead.length) return controller.close();
      controller.enqueue(ahead.slice(0, PIECE));
      ahead = ahead.subarray(PIECE);
    },
  });
}

/**
 * Entries of one archive that can only be read from their start. The stream that was read last stays open where it stopped, so that
 * reading an entry piece by piece unpacks it once; everything else starts over. Only bytes that are really there take memory.
 */
export class StreamedEntries {
  private parked: Cursor | undefined;

  /** `size` is what the archive states; content that is shorter or longer is an error. `explain` words what goes wrong while unpacking. */
  entry(path: string, size: number, open: () => Promise<ReadableStream<Uint8Array>> | ReadableStream<Uint8Array>, explain: (error: unknown) => UserError): FileEntry {
    const read = async (start = 0, end = size) => {
      const stop = Math.min(end, size);
      if (start >= stop) return new Uint8Array(0);
      let cursor = this.resume(path, start);
      try {
        cursor ??= new Cursor(path, await open());
        const bytes = await cursor.read(start, stop);
        if (stop < size) this.park(cursor);
        else await cursor.expectEnd();
        return bytes;
      } catch (error) {
        cursor?.close();
        throw error instanceof UserError ? error : explain(error);
      }
    };
    return { path, size, read };
  }

  private resume(path: string, start: number): Cursor | undefined {
    const cursor = this.parked;
    if (cursor?.path !== path || cursor.position > start) return undefined;
    this.parked = undefined;
    return cursor;
  }

  private park(cursor: Cursor): void {
    this.parked?.close();
    this.parked = cursor;
  }
}

/** A place in a stream that moves forward only. */
class Cursor {
  position = 0;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private rest = new Uint8Array(0) as Uint8Array;

  constructor(readonly path: string, stream: ReadableStream<Uint8Array>) {
    this.reader = stream.getReader();
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.position < start) this.advance(await this.next(), start);
    const pieces: Uint8Array[] = [];
    while (this.position < end) pieces.push(this.advance(await this.next(), end));
    const bytes = new Uint8Array(end - start);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Reads on to the end of the stream, where checksums are compared. */
  async expectEnd(): Promise<void> {
    for (let step = await this.reader.read(); !this.rest.length && !step.done; step = await this.reader.read()) this.rest = step.value;
    if (this.rest.length) throw new Error(`it unpacks to more than the ${this.position} bytes that the archive states as its size`);
  }

  close(): void {
    this.reader.cancel().catch(() => undefined);
  }

  private async next(): Promise<Uint8Array> {
    if (this.rest.length) return this.rest;
    const { done, value } = await this.reader.read();
    if (done) throw new Error(`it ends after ${this.position} bytes, before the size that the archive states`);
    return value;
  }

  /** Moves over `chunk`, or the part of it before `limit`, which is returned. */
  private advance(chunk: Uint8Array, limit: number): Uint8Array {
    const length = Math.min(chunk.length, limit - this.position);
    this.rest = chunk.subarray(length);
    this.position += length;
    return chunk.subarray(0, length);
  }
}
