import { concatenated } from '../data/bytes';
import { blobEntry } from '../data/files-browser';
import { UserError } from '../ir/errors';
import type { HubStore } from '../models/hub';

/** Bytes that are written at once: every write is a message to another process, and a download comes in pieces of some 30 kB. */
const PART = 4 * 2 ** 20;

/** Left free when a file is kept. */
const MARGIN = 64 * 2 ** 20;

/**
 * Keeps downloads in the origin private file system, under their hashes. A file there is read by ranges from disk as a dropped one is, where the Cache API would hand a model of gigabytes
 * back whole; and a write that does not come to its end leaves nothing. Where the browser has no such folder or no room in it, a download lives as long as the page.
 */
export const browserStore: HubStore = {
  async find({ path, hash, size }) {
    const file = await folder().then((home) => home?.getFileHandle(hash)).then((handle) => handle?.getFile()).catch(() => undefined);
    return file?.size === size ? blobEntry(path, file) : undefined;
  },
  async keep({ path, hash, size }, contents) {
    const home = await folder();
    if (!home || !(await fits(size))) return blobEntry(path, await new Response(contents).blob());
    const handle = await home.getFileHandle(hash, { create: true });
    try {
      await contents.pipeThrough(inParts()).pipeTo(await handle.createWritable());
    } catch (error) {
      await home.removeEntry(hash).catch(() => undefined);
      if ((error as Error).name !== 'QuotaExceededError') throw error;
      throw new UserError('The browser ran out of room for the download', path, 'Free some space on this disk, or download the model by other means and drop its folder');
    }
    return blobEntry(path, await handle.getFile());
  },
};

function inParts(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  const pass = (controller: TransformStreamDefaultController<Uint8Array<ArrayBuffer>>): void => {
    controller.enqueue(concatenated(pieces));
    pieces = [];
    held = 0;
  };
  return new TransformStream({
    transform(piece, controller) {
      pieces.push(piece);
      held += piece.length;
      if (held >= PART) pass(controller);
    },
    flush: pass,
  });
}

/** Undefined where the browser keeps no files, as in some private windows. */
async function folder(): Promise<FileSystemDirectoryHandle | undefined> {
  if (!('createWritable' in FileSystemFileHandle.prototype)) return undefined;
  return navigator.storage.getDirectory().then((root) => root.getDirectoryHandle('hub', { create: true })).catch(() => undefined);
}

async function fits(size: number): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage > size + MARGIN;
}
