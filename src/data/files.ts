/** A file wherever it lies: on disk, dropped on the page, in an archive, behind a URL. `path` is relative to what was chosen, with forward slashes. */
export interface FileEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes start..end (end exclusive, clamped to the size). */
  read(start?: number, end?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Something that was left out, and why, in words for a person. */
export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/** What a person chose: a folder, some files, an archive. */
export interface FileTree {
  /** The folder's or archive's own name, for messages. */
  readonly name: string;
  /** Always in the same order: by path, or as a tar or parquet file has them, where any other would be slow. */
  readonly files: readonly FileEntry[];
  /** What could not be taken: links that lead out of the folder, encrypted or unsafely named entries of an archive. */
  readonly skipped?: readonly Skipped[];
}

/** A file that is nowhere else. */
export function fileInMemory(path: string, bytes: Uint8Array): FileEntry {
  return { path, size: bytes.length, read: (start, end) => Promise.resolve(new Uint8Array(bytes.subarray(start, end))) };
}

/** The file with exactly this path, if it is there. */
export function findFile(tree: FileTree, path: string): FileEntry | undefined {
  return tree.files.find((file) => file.path === path);
}

/** The part of a tree under a folder, with paths relative to it. */
export function subtree(tree: FileTree, folder: string): FileTree {
  const prefix = `${folder}/`;
  const inside = <T extends { readonly path: string }>(items: readonly T[] = []) => items.filter(({ path }) => path.startsWith(prefix));
  return {
    name: `${tree.name}/${folder}`,
    files: inside(tree.files).map((file) => ({ path: file.path.slice(prefix.length), size: file.size, read: (start, end) => file.read(start, end) })),
    skipped: inside(tree.skipped).map(({ path, reason }) => ({ path: path.slice(prefix.length), reason })),
  };
}

/** Ascending by path, the same on every machine and in every language. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
