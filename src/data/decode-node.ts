import { decode as decodeBitmap } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import { UserError } from '../ir/errors';
import { orient } from './orient';
import { pictureHeader, type DecodePicture, type Picture } from './pictures';

/** Decodes with libvips (sharp), BMP with bmp-ts; a picture that is cut off or broken is refused, not shown in part. */
export const decodePicture: DecodePicture = async (file) => {
  const header = await pictureHeader(file);
  const bytes = await file.read();
  try {
    const picture = header.format === 'bmp' ? bitmap(bytes) : await decoded(bytes);
    if (picture.width !== header.width || picture.height !== header.height) throw new Error(`${picture.width} x ${picture.height} pixels instead of ${header.width} x ${header.height}`);
    return orient(picture, header.orientation);
  } catch (error) {
    throw new UserError(`The ${header.format.toUpperCase()} picture is damaged (${(error as Error).message})`, file.path, 'Leave it out, or fetch or save it again');
  }
};

async function decoded(bytes: Uint8Array): Promise<Picture> {
  const image = sharp(bytes, { failOn: 'warning', limitInputPixels: false, pages: 1 });
  const { space, hasProfile } = await image.metadata();
  if (space === 'cmyk' && !hasProfile) return printed(image);
  const { data, info } = await image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** Inks without a profile become colours as in browsers: red = (1 - cyan)(1 - black), and so on. */
async function printed(image: Sharp): Promise<Picture> {
  const { data: inks, info } = await image.pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    const white = 255 - inks[from + 3]!;
    for (let ink = 0; ink < 3; ink++) rgb[to++] = Math.round(((255 - inks[from + ink]!) * white) / 255);
  }
  return { width: info.width, height: info.height, data: rgb };
}

function bitmap(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeBitmap(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    rgb[to++] = data[from + 3]!;
    rgb[to++] = data[from + 2]!;
    rgb[to++] = data[from + 1]!;
  }
  return { width, height, data: rgb };
}
