import type { Tensor } from '../ir/tensor';
import type { Network } from '../train/network';
import { principalDirections } from './principal';

export interface VaeSizes {
  readonly imageSize: number;
  /** Channels at a fourth and at an eighth of the picture's size. */
  readonly channels: readonly [number, number];
  readonly latent: number;
  readonly groups: number;
}

const EPSILON = 1e-6;

/** The last convolution of a network that adds to a linear map. */
const LITTLE = { std: 1e-3 };
const START_LOGVAR = -6;
const ENCODER_SKIP = 'encoder.skip';
const DECODER_SKIP = 'decoder.skip';

/** The latents' size on a side is the picture's by this. */
export const DOWNSAMPLING = 8;

/** pixels [N,3,S,S] in -1..1 -> mean and log variance [N,2 latent,S/8,S/8]: a linear map of each patch, and what a network adds to it. */
export function vaeEncoder(net: Network, pixels: string, { channels: [wide, deep], latent, groups }: VaeSizes): string {
  const linear = net.conv(ENCODER_SKIP, pixels, 2 * latent, { kernel: DOWNSAMPLING, stride: DOWNSAMPLING });
  const quarter = resBlock(net, 'encoder.res_0', net.conv('encoder.conv_in', pixels, wide, { kernel: 4, stride: 4 }), wide, groups);
  const eighth = resBlock(net, 'encoder.res_1', net.conv('encoder.down', quarter, deep, { stride: 2 }), deep, groups);
  return net.plus(linear, net.conv('encoder.conv_out', net.silu(net.groupNorm('encoder.norm_out', eighth, groups, EPSILON)), 2 * latent, LITTLE));
}

/** latents [N,latent,h,w] -> pixels [N,3,8 h,8 w]: a linear map to each patch, and what a network adds to it. */
export function vaeDecoder(net: Network, latents: string, { channels: [wide, deep], groups }: VaeSizes): string {
  const linear = toPixels(net, net.conv(DECODER_SKIP, latents, 3 * DOWNSAMPLING ** 2, { kernel: 1 }), DOWNSAMPLING);
  const eighth = resBlock(net, 'decoder.res_1', net.conv('decoder.conv_in', latents, deep), deep, groups);
  const quarter = resBlock(net, 'decoder.res_0', net.conv('decoder.up', net.upsample(eighth), wide), wide, groups);
  const blocks = net.conv('decoder.conv_out', net.silu(net.groupNorm('decoder.norm_out', quarter, groups, EPSILON)), 48, LITTLE);
  return net.plus(linear, toPixels(net, blocks, 4));
}

/** [N,3 b b,h,w] -> [N,3,b h,b w] */
function toPixels(net: Network, blocks: string, edge: number): string {
  const [n, , h, w] = net.shape(blocks) as [number, number, number, number];
  return net.reshape(net.transpose(net.reshape(blocks, [n, 3, edge, edge, h, w]), [0, 1, 4, 2, 5, 3]), [n, 3, edge * h, edge * w]);
}

/**
 * Weights of the linear maps that keep the most of 8 x 8 patches (principal components), for the training to begin with. A latent's size is the square root of
 * its component's, all of them by the factor that makes their mean square 1: large components still are the last to drown in noise, small ones do not drown at once.
 *
 * @param pixels float32 [N,3,S,S]
 */
export function linearStart(pixels: Tensor, { latent }: VaeSizes): Record<string, Tensor> {
  const patch = 3 * DOWNSAMPLING ** 2;
  const { directions, spreads } = principalDirections(patchesOf(pixels), patch, latent);
  const factor = Math.sqrt(latent / spreads.reduce((sum, spread) => sum + spread, 0));
  const encode = new Float32Array(2 * latent * patch);
  const decode = new Float32Array(patch * latent);
  const bias = Float32Array.from({ length: 2 * latent }, (_, i) => (i < latent ? 0 : START_LOGVAR));
  directions.forEach((direction, k) => {
    const size = factor / Math.sqrt(spreads[k]!);
    direction.forEach((value, i) => {
      encode[k * patch + i] = value * size;
      decode[i * latent + k] = value / size;
    });
  });
  return {
    [`${ENCODER_SKIP}.weight`]: { dtype: 'float32', shape: [2 * latent, 3, DOWNSAMPLING, DOWNSAMPLING], data: encode },
    [`${ENCODER_SKIP}.bias`]: { dtype: 'float32', shape: [2 * latent], data: bias },
    [`${DECODER_SKIP}.weight`]: { dtype: 'float32', shape: [patch, latent, 1, 1], data: decode },
  };
}

/** Rows of 3 x 8 x 8 numbers. */
function patchesOf({ shape, data }: Tensor): Float32Array {
  const [n, , height, width] = shape as [number, number, number, number];
  const [rows, columns, patch] = [height / DOWNSAMPLING, width / DOWNSAMPLING, 3 * DOWNSAMPLING ** 2];
  return Float32Array.from({ length: n * rows * columns * patch }, (_, at) => {
    const [place, i] = [Math.floor(at / patch), at % patch];
    const [picture, row, column] = [Math.floor(place / (rows * columns)), Math.floor(place / columns) % rows, place % columns];
    const [channel, y, x] = [Math.floor(i / DOWNSAMPLING ** 2), Math.floor(i / DOWNSAMPLING) % DOWNSAMPLING, i % DOWNSAMPLING];
    return data[((3 * picture + channel) * height + row * DOWNSAMPLING + y) * width + column * DOWNSAMPLING + x] as number;
  });
}

/** x + conv(silu(norm(conv(silu(norm(x)))))) */
function resBlock(net: Network, name: string, x: string, channels: number, groups: number): string {
  const first = net.conv(`${name}.conv1`, net.silu(net.groupNorm(`${name}.norm1`, x, groups, EPSILON)), channels);
  const second = net.conv(`${name}.conv2`, net.silu(net.groupNorm(`${name}.norm2`, first, groups, EPSILON)), channels, { std: Math.sqrt(0.1 / (9 * channels)) });
  return net.plus(x, second);
}

/**
 * With z = mean + exp(logvar / 2) noise, all means over batch and elements:
 *
 *     loss = mean (decode(z) - x)^2 + klWeight mean (mean^2 + exp(logvar) - 1 - logvar) / 2
 */
export function vaeLoss(net: Network, batch: number, sizes: VaeSizes, klWeight: number): { readonly loss: string; readonly error: string } {
  const { imageSize, latent } = sizes;
  const edge = imageSize / DOWNSAMPLING;
  const pixels = net.input('pixels', [batch, 3, imageSize, imageSize]);
  const noise = net.input('noise', [batch, latent, edge, edge]);
  const moments = vaeEncoder(net, pixels, sizes);
  const mean = net.slice(moments, 1, 0, latent);
  const bounded = net.builder.add('Min', [net.slice(moments, 1, latent, 2 * latent), net.builder.constant(20)], {});
  const logvar = net.builder.add('Max', [bounded, net.builder.constant(-30)], {});
  const spread = net.builder.add('Exp', [net.times(logvar, 0.5)], {});
  const difference = net.minus(vaeDecoder(net, net.plus(mean, net.times(spread, noise)), sizes), pixels);
  const error = net.mean(net.times(difference, difference), 'error');
  const divergence = net.minus(net.plus(net.times(mean, mean), net.builder.add('Exp', [logvar], {})), net.plus(logvar, 1));
  return { loss: net.plus(error, net.times(net.mean(divergence), klWeight / 2)), error };
}
