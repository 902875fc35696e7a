/** A file wherever it lies: on disk, dropped on the page, in an archive, behind a URL. `path` is relative to what was chosen, with forward slashes. */
export interface FileEntry {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes start..end (end exclusive, clamped to the size). */
  read(start?: number, end?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a person chose: a folder, some files, an archive. */
export interface FileTree {
  /** The folder's or archive's own name, for messages. */
  readonly name: string;
  readonly files: readonly FileEntry[];
}

/** The file with exactly this path, if it is there. */
export function findFile(tree: FileTree, path: string): FileEntry | undefined {
  return tree.files.find((file) => file.path === path);
}

/** The part of a tree under a folder, with paths relative to it. */
export function subtree(tree: FileTree, folder: string): FileTree {
  const prefix = `${folder}/`;
  return {
    name: `${tree.name}/${folder}`,
    files: tree.files.filter((file) => file.path.startsWith(prefix)).map((file) => ({ path: file.path.slice(prefix.length), size: file.size, read: (start, end) => file.read(start, end) })),
  };
}
