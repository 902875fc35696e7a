import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { UserError } from '../ir/errors';
import { openArchive } from './archive';
import { byPath, type FileEntry, type FileTree, type Skipped } from './files';

/** A folder with all that is in it, a single file, or what an archive holds (told by its content). Nothing but directories is read. */
export async function openPath(path: string): Promise<FileTree> {
  const name = basename(resolve(path));
  if ((await statOf(path)).isDirectory()) return openFolder(path, name);
  const entry = await openFile(path);
  return (await openArchive(entry)) ?? { name, files: [entry] };
}

/** One file as it is. */
export async function openFile(path: string): Promise<FileEntry> {
  const info = await statOf(path);
  if (!info.isFile()) throw new UserError(info.isDirectory() ? 'This is a folder, not a file' : 'This is neither a file nor a folder', path, 'Choose a file, a folder or an archive');
  return diskFile(path, basename(resolve(path)), info.size);
}

function statOf(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(error.code === 'ENOENT' ? 'There is no such file or folder' : `It cannot be opened (${error.code})`, path, 'Check the path and its permissions');
  });
}

async function openFolder(root: string, name: string): Promise<FileTree> {
  const boundary = linkBoundary(await realpath(root));
  const files: FileEntry[] = [];
  const skipped: Skipped[] = [];
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const items = await list(join(root, folder));
    if (folder && !items.length) skipped.push({ path: `${folder}/`, reason: 'it is an empty folder' });
    for (const item of items) {
      const path = folder ? `${folder}/${item.name}` : item.name;
      if (item.isDirectory()) waiting.push(path);
      else if (item.isFile()) files.push(diskFile(join(root, path), path, (await stat(join(root, path))).size));
      else if (item.isSymbolicLink()) await followLink(path);
      else skipped.push({ path, reason: 'it is a device or a pipe, not a file' });
    }
  }
  return { name, files: files.sort(byPath), skipped: skipped.sort(byPath) };

  async function followLink(path: string): Promise<void> {
    const target = await realpath(join(root, path)).catch(() => undefined);
    const info = target === undefined ? undefined : await stat(target);
    if (!target || !info) skipped.push({ path, reason: 'it is a link to something that is not there' });
    else if (!target.startsWith(boundary)) skipped.push({ path, reason: 'it is a link that leads out of the folder' });
    else if (info.isFile()) files.push(diskFile(target, path, info.size));
    else skipped.push({ path, reason: 'it is a link to a folder; only links to files are followed' });
  }
}

/** Links may lead anywhere below this. In the Hugging Face cache, snapshots/<revision> consists of links into the blobs beside it. */
function linkBoundary(root: string): string {
  const repository = dirname(dirname(root));
  return (basename(dirname(root)) === 'snapshots' && /^(models|datasets)--/.test(basename(repository)) ? repository : root) + sep;
}

async function list(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new UserError(`The folder cannot be read (${(error as NodeJS.ErrnoException).code})`, folder, 'Check its permissions');
  }
}

function diskFile(location: string, path: string, size: number): FileEntry {
  const read = async (start = 0, end = size) => {
    const length = Math.max(0, Math.min(end, size) - start);
    const handle = await open(location).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`The file cannot be read (${error.code})`, location, 'Check that it is still there and its permissions');
    });
    try {
      const bytes = new Uint8Array(length);
      let at = 0;
      while (at < length) {
        const { bytesRead } = await handle.read(bytes, at, Math.min(length - at, 2 ** 30), start + at);
        if (!bytesRead) throw new UserError(`The file became shorter while it was read: ${start + at} bytes are left of ${size}`, location, 'Start again when nothing else writes to it');
        at += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  };
  return { path, size, read };
}
