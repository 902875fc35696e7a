import { UserError } from '../ir/errors';
import { forgetWebpExif } from './headers/webp';
import { orient } from './orient';
import { pictureHeader, type DecodePicture } from './pictures';

/** Pixels that are read back from a canvas at a time, so that a large picture is in memory once, not four times. */
const STRIP_PIXELS = 4_000_000;
/** Side of the pieces in which pictures with alpha are read; every WebGL texture may be as large. */
const TILE = 2048;

/** Decodes with the browser's own decoders; works in a worker, too. */
export const decodePicture: DecodePicture = async (file) => {
  const header = await pictureHeader(file);
  const bytes = await file.read();
  // Browsers turn JPEG and PNG pictures themselves; WebP is kept from them and turned here, so that all agree.
  const orientation = header.format === 'webp' ? header.orientation : 1;
  if (orientation !== 1) forgetWebpExif(bytes);
  const damaged = (why: string) => new UserError(`The ${header.format.toUpperCase()} picture is damaged (${why})`, file.path, 'Leave it out, or fetch or save it again');
  const bitmap = await createImageBitmap(new Blob([bytes], { type: `image/${header.format}` }), { premultiplyAlpha: 'none' }).catch((error: Error) => {
    throw damaged(error.message);
  });
  try {
    const { width, height } = bitmap;
    const expected = header.orientation >= 5 && orientation === 1 ? [header.height, header.width] : [header.width, header.height];
    if (width !== expected[0] || height !== expected[1]) throw damaged(`${width} x ${height} pixels instead of ${expected.join(' x ')}`);
    return orient({ width, height, data: opaquePixels(bitmap) ?? (await straightPixels(bitmap)) }, orientation);
  } finally {
    bitmap.close();
  }
};

/** The colours [height][width][3] by way of a canvas; undefined as soon as a pixel is not opaque, because a canvas keeps colours multiplied by alpha. */
function opaquePixels(bitmap: ImageBitmap): Uint8Array | undefined {
  const { width, height } = bitmap;
  const rows = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
  const canvas = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true })!;
  canvas.globalCompositeOperation = 'copy';
  const rgb = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    canvas.drawImage(bitmap, 0, -top);
    const { data } = canvas.getImageData(0, 0, width, count);
    for (let from = 0, to = top * width * 3; from < data.length; from += 4) {
      if (data[from + 3] !== 255) return undefined;
      rgb[to++] = data[from]!;
      rgb[to++] = data[from + 1]!;
      rgb[to++] = data[from + 2]!;
    }
  }
  return rgb;
}

/** The colours [height][width][3] of a picture with alpha as they were before any multiplication, by way of a texture. */
async function straightPixels(bitmap: ImageBitmap): Promise<Uint8Array> {
  const gl = textureReader();
  const rgb = new Uint8Array(bitmap.width * bitmap.height * 3);
  for (let top = 0; top < bitmap.height; top += TILE) {
    for (let left = 0; left < bitmap.width; left += TILE) {
      const width = Math.min(TILE, bitmap.width - left);
      const height = Math.min(TILE, bitmap.height - top);
      const tile = await createImageBitmap(bitmap, left, top, width, height, { premultiplyAlpha: 'none' });
      const rgba = new Uint8Array(width * height * 4);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, tile);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
      tile.close();
      for (let y = 0, from = 0; y < height; y++) {
        for (let x = 0, to = ((top + y) * bitmap.width + left) * 3; x < width; x++, from += 4) {
          rgb[to++] = rgba[from]!;
          rgb[to++] = rgba[from + 1]!;
          rgb[to++] = rgba[from + 2]!;
        }
      }
    }
  }
  return rgb;
}

let reader: WebGLRenderingContext | undefined;

/** A WebGL context whose bound texture can be read back; kept, since browsers allow only a few. */
function textureReader(): WebGLRenderingContext {
  if (reader && !reader.isContextLost()) return reader;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl');
  if (!gl) throw new UserError('The browser offers no WebGL, which pictures with transparency are read with', '', 'Turn hardware acceleration on, or convert the picture to JPEG');
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  reader = gl;
  return gl;
}
