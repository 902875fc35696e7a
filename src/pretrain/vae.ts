import type { Network } from '../train/network';

export interface VaeSizes {
  readonly imageSize: number;
  /** Channels at a fourth and at an eighth of the picture's size. */
  readonly channels: readonly [number, number];
  readonly latent: number;
  readonly groups: number;
}

const EPSILON = 1e-6;

/** The latents' size on a side is the picture's by this. */
export const DOWNSAMPLING = 8;

/** pixels [N,3,S,S] in -1..1 -> mean and log variance [N,2 latent,S/8,S/8] */
export function vaeEncoder(net: Network, pixels: string, { channels: [wide, deep], latent, groups }: VaeSizes): string {
  const quarter = resBlock(net, 'encoder.res_0', net.conv('encoder.conv_in', pixels, wide, { kernel: 4, stride: 4 }), wide, groups);
  const eighth = resBlock(net, 'encoder.res_1', net.conv('encoder.down', quarter, deep, { stride: 2 }), deep, groups);
  return net.conv('encoder.conv_out', net.silu(net.groupNorm('encoder.norm_out', eighth, groups, EPSILON)), 2 * latent);
}

/** latents [N,latent,h,w] -> pixels [N,3,8 h,8 w] */
export function vaeDecoder(net: Network, latents: string, { channels: [wide, deep], groups }: VaeSizes): string {
  const eighth = resBlock(net, 'decoder.res_1', net.conv('decoder.conv_in', latents, deep), deep, groups);
  const quarter = resBlock(net, 'decoder.res_0', net.conv('decoder.up', net.upsample(eighth), wide), wide, groups);
  const blocks = net.conv('decoder.conv_out', net.silu(net.groupNorm('decoder.norm_out', quarter, groups, EPSILON)), 48);
  const [n, , h, w] = net.shape(blocks) as [number, number, number, number];
  return net.reshape(net.transpose(net.reshape(blocks, [n, 3, 4, 4, h, w]), [0, 1, 4, 2, 5, 3]), [n, 3, 4 * h, 4 * w]);
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
