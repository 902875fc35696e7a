import { z } from 'zod';
import { blobEntry } from '../data/files-browser';
import { parseJson } from '../data/json';
import { UserError } from '../ir/errors';
import { formatHubName, type HubListing } from '../models/hub';
import type { HubLibrary } from './machine';

/** Left free when a file is kept. */
const MARGIN = 64 * 2 ** 20;

const LISTING = /^listing (.*)$/;
const listingFile = (name: string): string => `listing ${encodeURIComponent(name)}`;

const listingSchema: z.ZodType<HubListing> = z.object({ commit: z.string(), licence: z.string().optional(), files: z.array(z.object({ path: z.string(), hash: z.string(), size: z.number() })) });

/**
 * Keeps downloads in the origin private file system, under their hashes, and what the hub said of a name beside them. A file there is read by ranges from disk as a dropped one is, where
 * the Cache API would hand a model of gigabytes back whole; and what has been written of it stays, whatever becomes of the tab. Where the browser has no such folder or no room in it, or
 * another tab is writing the file, a download lives as long as the page.
 */
export const browserStore: HubLibrary = {
  async find({ path, hash, size }) {
    const file = await fileOf(await folder(), hash);
    return file?.size === size ? blobEntry(path, file) : undefined;
  },
  async keep({ path, hash, size }, open) {
    const handle = (await fits(size)) ? await (await folder())?.getFileHandle(hash, { create: true }) : undefined;
    const file = await handle?.createSyncAccessHandle().catch(() => undefined);
    if (!handle || !file) return blobEntry(path, await new Response((await open(0)).contents).blob());
    try {
      const { start, contents } = await open(file.getSize());
      file.truncate(start);
      let at = start;
      await contents.pipeTo(new WritableStream({ write: (chunk) => void (at += file.write(chunk, { at })) }));
    } catch (error) {
      if ((error as Error).name !== 'QuotaExceededError') throw error;
      throw new UserError('The browser ran out of room for the download', path, 'Free some space on this disk, or download the model by other means and drop its folder');
    } finally {
      file.close();
    }
    return blobEntry(path, await handle.getFile());
  },
  async remember(name, listing) {
    const file = await (await folder())?.getFileHandle(listingFile(formatHubName(name)), { create: true }).then((handle) => handle.createSyncAccessHandle()).catch(() => undefined);
    if (!file) return;
    try {
      file.truncate(0);
      file.write(new TextEncoder().encode(JSON.stringify(listing)), { at: 0 });
    } catch (error) {
      if ((error as Error).name !== 'QuotaExceededError') throw error;
    } finally {
      file.close();
    }
  },
  recall: async (name) => readListing(await fileOf(await folder(), listingFile(formatHubName(name)))),
  async repositories() {
    const home = await folder();
    return Promise.all((await listings(home)).map(async ({ name, listing }) => {
      const here = new Map<string, number>();
      for (const hash of hashesOf(listing)) here.set(hash, (await fileOf(home, hash))?.size ?? 0);
      return { name, listing, here };
    }));
  },
  async remove(name) {
    const home = await folder();
    const all = await listings(home);
    const shared = new Set(all.filter((other) => other.name !== name).flatMap(({ listing }) => hashesOf(listing)));
    const own = all.filter((one) => one.name === name).flatMap(({ listing }) => hashesOf(listing).filter((hash) => !shared.has(hash)));
    for (const entry of [...own, listingFile(name)]) await home?.removeEntry(entry).catch(() => undefined);
  },
};

const hashesOf = ({ files }: HubListing): string[] => [...new Set(files.map(({ hash }) => hash))];

async function listings(home: FileSystemDirectoryHandle | undefined): Promise<{ readonly name: string; readonly listing: HubListing }[]> {
  const found: { name: string; listing: HubListing }[] = [];
  for await (const entry of home?.keys() ?? []) {
    const name = LISTING.exec(entry)?.[1];
    const listing = name === undefined ? undefined : await readListing(await fileOf(home, entry));
    if (name !== undefined && listing) found.push({ name: decodeURIComponent(name), listing });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Undefined where it was never written whole. */
async function readListing(file: File | undefined): Promise<HubListing | undefined> {
  try {
    return file && parseJson(await file.text(), file.name, listingSchema);
  } catch {
    return undefined;
  }
}

async function fileOf(home: FileSystemDirectoryHandle | undefined, name: string): Promise<File | undefined> {
  return home?.getFileHandle(name).then((handle) => handle.getFile()).catch(() => undefined);
}

/** Undefined where the browser keeps no files, as in some private windows. */
async function folder(): Promise<FileSystemDirectoryHandle | undefined> {
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return undefined;
  return navigator.storage.getDirectory().then((root) => root.getDirectoryHandle('hub', { create: true })).catch(() => undefined);
}

async function fits(size: number): Promise<boolean> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return quota - usage > size + MARGIN;
}
