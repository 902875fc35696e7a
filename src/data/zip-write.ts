import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';

/** A zip archive of files as they are: weights hardly shrink. */
export async function writeZip(files: readonly { readonly path: string; readonly bytes: Uint8Array }[]): Promise<Blob> {
  const writer = new ZipWriter(new BlobWriter('application/zip'), { level: 0, useWebWorkers: false });
  for (const { path, bytes } of files) await writer.add(path, new Uint8ArrayReader(bytes as Uint8Array<ArrayBuffer>));
  return writer.close();
}
