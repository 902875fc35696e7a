import { UserError } from '../ir/errors';
import type { FileEntry, FileTree } from './files';
import { isZip, openZip } from './zip';

/** Archives that are recognised only to be refused by name, by their first bytes. */
const FOREIGN: readonly [name: string, signature: string][] = [['RAR', 'Rar!\x1a\x07'], ['7-Zip', '7z\xbc\xaf\x27\x1c'], ['xz', '\xfd7zXZ\0'], ['bzip2', 'BZh'], ['Zstandard', '\x28\xb5\x2f\xfd']];

/** The files inside an archive, told by its content or, when that is damaged, by its name; undefined for any other file. */
export async function openArchive(entry: FileEntry): Promise<FileTree | undefined> {
  if ((await isZip(entry)) && !/\.(pt|pth|bin|ckpt)$/i.test(entry.path)) return openZip(entry);
  const head = String.fromCharCode(...(await entry.read(0, 8)));
  const foreign = FOREIGN.find(([, signature]) => head.startsWith(signature));
  if (foreign) throw new UserError(`This is a ${foreign[0]} archive, which cannot be opened`, entry.path, 'Unpack it and choose the folder, or pack it as zip');
  return /\.zip$/i.test(entry.path) ? openZip(entry) : undefined;
}
