import type { PickedFile, Source } from '../engine/api';

/** A file as a drop or a file dialog gives it; the path may start with "/" or "./". */
export interface GivenFile {
  readonly path: string;
  readonly blob: Blob;
}

export type FileSource = Extract<Source, { files: readonly PickedFile[] }>;

/** One source out of what was dropped or chosen at once: a folder's name becomes the source's name and leaves the paths. */
export function sourceOfFiles(given: readonly GivenFile[]): FileSource | undefined {
  const files = given.map(({ path, blob }) => ({ path: path.replace(/^(\.?\/)+/, ''), blob }));
  const [first] = files;
  if (!first) return undefined;
  const root = first.path.slice(0, first.path.indexOf('/') + 1);
  if (root && files.every((file) => file.path.startsWith(root))) {
    return { name: root.slice(0, -1), files: files.map(({ path, blob }) => ({ path: path.slice(root.length), blob })) };
  }
  return { name: files.length === 1 ? first.path : `${files.length} files`, files };
}
