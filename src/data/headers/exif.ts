const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation 1 to 8 in an EXIF block (a TIFF structure, with or without "Exif\0\0" before it); 1 where it says nothing legal. */
export function exifOrientation(block: DataView): number {
  const prefixed = block.byteLength >= 6 && block.getUint32(0) === 0x45786966 && block.getUint16(4) === 0;
  const tiff = new DataView(block.buffer, block.byteOffset + (prefixed ? 6 : 0), block.byteLength - (prefixed ? 6 : 0));
  if (tiff.byteLength < 8) return 1;
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const count = tiff.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= tiff.byteLength; i++, at += 12) {
    if (tiff.getUint16(at, little) !== ORIENTATION || tiff.getUint16(at + 2, little) !== SHORT) continue;
    const value = tiff.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
