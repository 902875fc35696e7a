import { fileInMemory, type FileEntry, type FileTree } from '../data/files';

/** A tree in memory. */
export function treeOf(files: Readonly<Record<string, Uint8Array | string>>, name = 'data'): FileTree {
  return { name, files: Object.entries(files).map(([path, contents]) => fileOf(path, contents)) };
}

export function fileOf(path: string, contents: Uint8Array | string): FileEntry {
  return fileInMemory(path, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents);
}
