import type { Shelf } from './kept';

const FILE = 'run';
/** The tab that holds this lock has the file. */
const LOCK = 'seebetter run';
/** Milliseconds that a page just reloaded waits for the one before it to be gone. */
const PATIENCE = 3000;

/** The Origin Private File System; undefined where the browser has none, or no locks. */
export function browserShelf(): Shelf | undefined {
  if (!('locks' in navigator) || !('storage' in navigator)) return undefined;
  let claimed: Promise<boolean> | undefined;
  const isMine = async (): Promise<boolean> => {
    const mine = await (claimed ??= claim());
    if (!mine) claimed = undefined;
    return mine;
  };
  const folder = (): Promise<FileSystemDirectoryHandle> => navigator.storage.getDirectory();
  return {
    async write(contents) {
      if (!(await isMine())) return;
      // What is written takes the file's place when it is closed.
      const file = await (await (await folder()).getFileHandle(FILE, { create: true })).createWritable();
      await file.write(contents);
      await file.close();
    },
    async read() {
      if (!(await isMine())) return undefined;
      const handle = await (await folder()).getFileHandle(FILE).catch(() => undefined);
      return handle?.getFile();
    },
    async remove() {
      if (await isMine()) await (await folder()).removeEntry(FILE).catch(() => undefined);
    },
  };
}

/** Holds the lock for as long as this worker lives, if it can be had. */
function claim(): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks.request(LOCK, { signal: AbortSignal.timeout(PATIENCE) }, () => {
      resolve(true);
      return new Promise(() => undefined);
    }).catch(() => resolve(false));
  });
}
