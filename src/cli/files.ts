import { readFile, rename, writeFile } from 'node:fs/promises';
import { UserError } from '../ir/errors';

/** A file's bytes. Rejects with a UserError if it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UserError(`The file cannot be read (${(error as NodeJS.ErrnoException).code})`, path, 'Check the path');
  }
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, contents: Uint8Array | string): Promise<void> {
  try {
    await writeFile(`${path}.partial`, contents);
    await rename(`${path}.partial`, path);
  } catch (error) {
    throw new UserError(`The file cannot be written (${(error as NodeJS.ErrnoException).code})`, path, 'Check that its folder is there and can be written');
  }
}
