import { tensorFrom } from '../ir/tensor';
import { infoNce } from '../train/contrastive';
import type { Network } from '../train/network';

/** Sizes of a tower; the perceptrons are four times as wide. */
export interface Tower {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

export interface ClipSizes {
  /** `stem`: channels of the convolutions of stride 2 before the patches' own. */
  readonly vision: Tower & { readonly imageSize: number; readonly patchSize: number; readonly stem: readonly number[] };
  readonly text: Tower & { readonly vocabulary: number; readonly length: number };
  /** Width of the embedding that pictures and texts share. */
  readonly embedding: number;
}

/** pixels [N,3,S,S] in -1..1 -> the class token after the last normalisation [N,width], and its projection [N,embedding] */
export function visionTower(net: Network, pixels: string, { vision, embedding }: ClipSizes): { readonly pooled: string; readonly embeds: string } {
  const { imageSize, patchSize, width, stem } = vision;
  const patches = (imageSize / patchSize) ** 2;
  const [n] = net.shape(pixels) as [number];
  const name = 'vision_model.embeddings';
  const seen = stem.reduce((x, channels, i) => net.quickGelu(net.conv(`${name}.stem.${i}`, x, channels, { stride: 2, std: Math.sqrt(2 / (9 * net.shape(x)[1]!)) })), pixels);
  const kernel = patchSize / 2 ** stem.length;
  const grid = net.conv(`${name}.patch_embedding`, seen, width, { kernel, stride: kernel });
  const tokens = net.transpose(net.reshape(grid, [n, width, patches]), [0, 2, 1]);
  // One row more in front, for the class token.
  const padded = net.builder.add('Pad', [tokens], { pads: [0, 1, 0, 0, 0, 0], value: 0 });
  const classRow = net.reshape(net.parameter(`${name}.class_embedding`, [width], { std: 0.02 }), [1, 1, width]);
  const placed = net.plus(padded, net.builder.add('Pad', [classRow], { pads: [0, 0, 0, 0, patches, 0], value: 0 }));
  const positions = net.parameter(`${name}.position_embedding.weight`, [patches + 1, width], { std: 0.02 });
  const hidden = transformer(net, 'vision_model', net.layerNorm('vision_model.pre_layrnorm', net.plus(placed, positions)), vision);
  const pooled = net.layerNorm('vision_model.post_layernorm', net.reshape(net.slice(hidden, 1, 0, 1), [n, width]));
  return { pooled, embeds: net.linear('visual_projection', pooled, embedding, { bias: false }) };
}

/** ids int64 [N,T] -> the last hidden state after the last normalisation [N,T,width], and the projection [N,embedding] of its end token, the first of the highest id */
export function textTower(net: Network, ids: string, { text, embedding }: ClipSizes): { readonly hidden: string; readonly embeds: string } {
  const { vocabulary, length, width } = text;
  const [n] = net.shape(ids) as [number];
  const table = net.parameter('text_model.embeddings.token_embedding.weight', [vocabulary, width], { std: 0.05 });
  const positions = net.parameter('text_model.embeddings.position_embedding.weight', [length, width], { std: 0.02 });
  const words = net.plus(net.builder.add('Gather', [table, ids], { axis: 0 }), positions);
  const later = Array.from({ length: length * length }, (_, at) => (at % length > Math.floor(at / length) ? -1e4 : 0));
  const causal = net.builder.constant(tensorFrom('float32', [1, 1, length, length], later));
  const hidden = net.layerNorm('text_model.final_layer_norm', transformer(net, 'text_model', words, text, causal));
  const end = net.builder.add('ArgMax', [ids], { axis: 1, keepdims: true, selectLastIndex: false });
  const places = net.builder.constant(tensorFrom('int64', [1, length], Array.from({ length }, (_, at) => at)));
  const isEnd = net.builder.add('Cast', [net.builder.add('Equal', [places, end], {})], { to: 'float32' });
  const pooled = net.reshape(net.matmul(net.reshape(isEnd, [n, 1, length]), hidden), [n, width]);
  return { hidden, embeds: net.linear('text_projection', pooled, embedding, { bias: false }) };
}

function transformer(net: Network, tower: string, tokens: string, { width, layers, heads }: Tower, mask?: string): string {
  // The sum of all layers keeps the size of one.
  const out = { std: Math.sqrt(1 / (2 * layers * width)) };
  let x = tokens;
  for (let layer = 0; layer < layers; layer++) {
    const name = `${tower}.encoder.layers.${layer}`;
    const normal = net.layerNorm(`${name}.layer_norm1`, x);
    const [q, k, v] = ['q', 'k', 'v'].map((part) => net.linear(`${name}.self_attn.${part}_proj`, normal, width)) as [string, string, string];
    x = net.plus(x, net.linear(`${name}.self_attn.out_proj`, net.attention(q, k, v, heads, mask), width, out));
    const inner = net.quickGelu(net.linear(`${name}.mlp.fc1`, net.layerNorm(`${name}.layer_norm2`, x), 4 * width));
    x = net.plus(x, net.linear(`${name}.mlp.fc2`, inner, width, { std: out.std / 2 }));
  }
  return x;
}

/**
 * CLIP's loss (infoNce) with the learned scale exp(logit_scale), at most 100.
 *
 * @param images [N,D] and @param texts [M,D], M >= N, as they leave the towers; texts beyond the first N are wrong ones
 */
export function contrastiveLoss(net: Network, images: string, texts: string): string {
  const scale = net.builder.add('Exp', [net.builder.add('Min', [net.parameter('logit_scale', [], { value: Math.log(14) }), net.builder.constant(Math.log(100))], {})], {});
  return infoNce(net, images, texts, scale);
}
