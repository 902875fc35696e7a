import type { FileEntry, FileTree } from '../data/files';

/** A tree in memory. */
export function treeOf(files: Readonly<Record<string, Uint8Array | string>>, name = 'data'): FileTree {
  return { name, files: Object.entries(files).map(([path, contents]) => fileOf(path, contents)) };
}

export function fileOf(path: string, contents: Uint8Array | string): FileEntry {
  const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : new Uint8Array(contents);
  return { path, size: bytes.length, read: async (start = 0, end = bytes.length) => bytes.slice(start, end) };
}
