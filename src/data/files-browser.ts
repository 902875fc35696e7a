import { UserError } from '../ir/errors';
import { openArchive } from './archive';
import { byPath, type FileEntry, type FileTree } from './files';

/** Dropped or picked files as a tree; a lone archive is opened. Nothing is read but an archive's directory. */
export async function treeOfFiles(name: string, files: readonly { path: string; blob: Blob }[]): Promise<FileTree> {
  const entries = files.map(({ path, blob }) => blobEntry(path, blob)).sort(byPath);
  const archive = entries.length === 1 ? await openArchive(entries[0]!) : undefined;
  return archive ?? { name, files: entries };
}

/** A file whose bytes are read from disk when they are wanted. */
export function blobEntry(path: string, blob: Blob): FileEntry {
  const read = async (start = 0, end = blob.size) => {
    try {
      return new Uint8Array(await blob.slice(start, end).arrayBuffer());
    } catch (error) {
      throw new UserError(`The file cannot be read (${(error as Error).message})`, path, 'It may have been changed, moved or locked since it was chosen: choose it again');
    }
  };
  return { path, size: blob.size, read };
}
