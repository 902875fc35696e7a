import { UserError } from '../ir/errors';
import type { FileEntry, FileTree } from './files';
import { gunzip, isGzip } from './gzip';
import { isParquet, openParquet } from './parquet';
import { isTar, openTar } from './tar';
import { isZip, openZip } from './zip';

/** Archives that are recognised only to be refused by name, by their first bytes. */
const FOREIGN: readonly (readonly [name: string, signature: string])[] = [
  ['RAR', 'Rar!\x1a\x07'], ['7-Zip', '7z\xbc\xaf\x27\x1c'], ['xz', '\xfd7zXZ\0'], ['bzip2', 'BZh'], ['Zstandard', '\x28\xb5\x2f\xfd'],
];

/** PyTorch's checkpoints and spreadsheets are zip archives, too, but nobody means their parts; nor is a file of another kind meant that is wrongly named. */
const NO_ARCHIVE = /\.(pt|pth|bin|ckpt|xlsx|safetensors|onnx|csv|json)$/i;

/** The files inside a zip, tar, tar.gz or parquet file, told by its content or, when that is damaged, by its name; undefined for any other file. */
export async function openArchive(entry: FileEntry): Promise<FileTree | undefined> {
  const named = (ending: RegExp) => ending.test(entry.path);
  if (NO_ARCHIVE.test(entry.path)) return undefined;
  if (await isZip(entry)) return openZip(entry);
  if (await isParquet(entry)) return openParquet(entry);
  if (await isGzip(entry)) {
    const unpacked = await gunzip(entry);
    return named(/\.(tar\.gz|tgz)$/i) || (await isTar(unpacked)) ? openTar(unpacked) : undefined;
  }
  if (await isTar(entry)) return openTar(entry);
  const head = String.fromCharCode(...(await entry.read(0, 8)));
  const foreign = FOREIGN.find(([, signature]) => head.startsWith(signature));
  if (foreign) throw new UserError(`This is a ${foreign[0]} archive, which cannot be opened`, entry.path, 'Unpack it and choose the folder, or pack it as zip');
  if (named(/\.zip$/i)) return openZip(entry);
  if (named(/\.tar$/i)) return openTar(entry);
  return named(/\.parquet$/i) ? openParquet(entry) : undefined;
}
