import { tensorFrom } from '../ir/tensor';
import type { Network } from '../train/network';

/** Two levels in diffusers' terms: CrossAttnDownBlock2D, DownBlock2D; UNetMidBlock2DCrossAttn; UpBlock2D, CrossAttnUpBlock2D; one layer a block. */
export interface UnetSizes {
  readonly latent: number;
  readonly latentSize: number;
  readonly channels: readonly [number, number];
  readonly groups: number;
  readonly heads: number;
  readonly contextWidth: number;
}

const EPSILON = 1e-5;

/** What every block is given. */
interface Around {
  readonly net: Network;
  readonly sizes: UnetSizes;
  /** [N,4 channels] after SiLU */
  readonly time: string;
  /** [N,T,contextWidth] */
  readonly context: string;
}

/** sample [N,C,h,w], timestep int64 [N], context [N,T,W] -> noise [N,C,h,w] */
export function unet(net: Network, sample: string, timestep: string, context: string, sizes: UnetSizes): string {
  const [wide, deep] = sizes.channels;
  const around: Around = { net, sizes, context, time: timeEmbedding(net, timestep, wide) };
  const first = net.conv('conv_in', sample, wide);
  const second = attend(around, 'down_blocks.0.attentions.0', res(around, 'down_blocks.0.resnets.0', first, wide));
  const third = net.conv('down_blocks.0.downsamplers.0.conv', second, wide, { stride: 2 });
  const fourth = res(around, 'down_blocks.1.resnets.0', third, deep);
  let x = res(around, 'mid_block.resnets.0', fourth, deep);
  x = res(around, 'mid_block.resnets.1', attend(around, 'mid_block.attentions.0', x), deep);
  x = res(around, 'up_blocks.0.resnets.0', net.concat([x, fourth], 1), deep);
  x = res(around, 'up_blocks.0.resnets.1', net.concat([x, third], 1), deep);
  x = net.conv('up_blocks.0.upsamplers.0.conv', net.upsample(x), deep);
  x = attend(around, 'up_blocks.1.attentions.0', res(around, 'up_blocks.1.resnets.0', net.concat([x, second], 1), wide));
  x = attend(around, 'up_blocks.1.attentions.1', res(around, 'up_blocks.1.resnets.1', net.concat([x, first], 1), wide));
  const normal = net.silu(net.groupNorm('conv_norm_out', x, sizes.groups, EPSILON));
  return net.conv('conv_out', normal, sizes.latent, { std: 0.1 / Math.sqrt(9 * wide) });
}

/** linear(silu(linear([cos, sin](t 10000^(-i / half))))), then SiLU, which every block begins with */
function timeEmbedding(net: Network, timestep: string, width: number): string {
  const [n] = net.shape(timestep) as [number];
  const half = width / 2;
  const frequencies = net.builder.constant(tensorFrom('float32', [1, half], Array.from({ length: half }, (_, i) => 10000 ** (-i / half))));
  const angles = net.times(net.reshape(net.builder.add('Cast', [timestep], { to: 'float32' }), [n, 1]), frequencies);
  const waves = net.concat([net.builder.add('Cos', [angles], {}), net.builder.add('Sin', [angles], {})], 1);
  return net.silu(net.linear('time_embedding.linear_2', net.silu(net.linear('time_embedding.linear_1', waves, 4 * width)), 4 * width));
}

/** ResnetBlock2D */
function res({ net, sizes: { groups }, time }: Around, name: string, x: string, channels: number): string {
  const [n, from] = net.shape(x) as [number, number];
  const inner = net.conv(`${name}.conv1`, net.silu(net.groupNorm(`${name}.norm1`, x, groups, EPSILON)), channels);
  const timed = net.plus(inner, net.reshape(net.linear(`${name}.time_emb_proj`, time, channels), [n, channels, 1, 1]));
  const outer = net.conv(`${name}.conv2`, net.silu(net.groupNorm(`${name}.norm2`, timed, groups, EPSILON)), channels, { std: Math.sqrt(0.1 / (9 * channels)) });
  return net.plus(from === channels ? x : net.conv(`${name}.conv_shortcut`, x, channels, { kernel: 1 }), outer);
}

/** Transformer2DModel of one BasicTransformerBlock: attention among places, attention to the context, gated perceptron. */
function attend({ net, sizes: { groups, heads }, context }: Around, name: string, x: string): string {
  const [n, c, h, w] = net.shape(x) as [number, number, number, number];
  const inside = net.conv(`${name}.proj_in`, net.groupNorm(`${name}.norm`, x, groups, 1e-6), c, { kernel: 1 });
  const block = `${name}.transformer_blocks.0`;
  let tokens = net.transpose(net.reshape(inside, [n, c, h * w]), [0, 2, 1]);
  const attention = (part: string, from: string, to: string): string => {
    const [q, k, v] = ([['q', from], ['k', to], ['v', to]] as const).map(([role, value]) => net.linear(`${block}.${part}.to_${role}`, value, c, { bias: false })) as [string, string, string];
    return net.linear(`${block}.${part}.to_out.0`, net.attention(q, k, v, heads), c, { std: Math.sqrt(0.3 / c) });
  };
  const first = net.layerNorm(`${block}.norm1`, tokens);
  tokens = net.plus(tokens, attention('attn1', first, first));
  tokens = net.plus(tokens, attention('attn2', net.layerNorm(`${block}.norm2`, tokens), context));
  const gated = net.linear(`${block}.ff.net.0.proj`, net.layerNorm(`${block}.norm3`, tokens), 8 * c);
  const inner = net.times(net.slice(gated, 2, 0, 4 * c), net.gelu(net.slice(gated, 2, 4 * c, 8 * c)));
  tokens = net.plus(tokens, net.linear(`${block}.ff.net.2`, inner, c, { std: Math.sqrt(0.1 / (4 * c)) }));
  const back = net.reshape(net.transpose(tokens, [0, 2, 1]), [n, c, h, w]);
  return net.plus(x, net.conv(`${name}.proj_out`, back, c, { kernel: 1, std: Math.sqrt(0.1 / c) }));
}
