import type { Family, Lowering } from './lowering';

/** [batch, length, heads * width] as [batch, heads, length, width]. */
function split(l: Lowering, value: string, heads: number): string {
  const shape = l.shapeOf(value);
  if (shape.length === 4) return value;
  const [batch, length, width] = shape as [number, number, number];
  return l.transpose(l.reshape(value, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** Every key or value head serves `count` neighbouring query heads. */
function repeatHeads(l: Lowering, value: string, count: number): string {
  if (count === 1) return value;
  const [batch, heads, length, width] = l.shapeOf(value) as [number, number, number, number];
  const apart = l.reshape(value, [batch, heads, 1, length, width]);
  return l.reshape(l.expand(apart, [batch, heads, count, length, width]), [batch, heads * count, length, width]);
}

/** -inf where `allowed` is false, 0 elsewhere. */
function masking(l: Lowering, allowed: string): string {
  return l.apply('Where', allowed, l.builder.constant(0), l.builder.constant(-Infinity));
}

/** The operand mask as an addend; keys that it does not reach are masked. */
function givenMask(l: Lowering, keys: number): string {
  const mask = l.input(3);
  const { dtype, shape } = l.builder.type(mask);
  const bias = dtype === 'bool' ? masking(l, mask) : mask;
  const missing = keys - shape.at(-1)!;
  if (missing <= 0) return bias;
  return l.add('Pad', [bias], { pads: [...shape.map(() => 0), ...shape.map((_, i) => (i === shape.length - 1 ? missing : 0))], value: -Infinity });
}

/** What is added to the scores before the softmax: given mask, causality, sliding window, padded keys; undefined if nothing is. */
function bias(l: Lowering, queries: number, keys: number, past: number): string | undefined {
  const terms: string[] = [];
  if (l.has(3)) terms.push(givenMask(l, keys));
  const lengths = l.has(6) ? l.reshape(l.input(6), [l.shape(6)[0]!, 1, 1, 1]) : undefined;
  const offset = lengths === undefined ? l.builder.constant(past, 'int64') : l.apply('Sub', lengths, l.builder.constant(queries, 'int64'));
  const key = l.counter(keys, 1, 2);
  const behind = (): string => l.apply('Sub', l.apply('Add', l.counter(queries, 0, 2), offset), key);
  const window = (size: number, distance: () => string): void => {
    if (size >= 0) terms.push(masking(l, l.apply('LessOrEqual', distance(), l.builder.constant(size, 'int64'))));
  };
  if (l.flag('is_causal')) terms.push(masking(l, l.apply('GreaterOrEqual', behind(), l.builder.constant(0, 'int64'))));
  window(l.number('left_window_size', -1), behind);
  window(l.number('right_window_size', -1), () => l.apply('Neg', behind()));
  if (lengths !== undefined) terms.push(masking(l, l.apply('Less', key, lengths)));
  return terms.length ? terms.reduce((sum, term) => l.apply('Add', sum, term)) : undefined;
}

/** softmax(scores + bias); rows in which every key is masked are zeros, and so are their gradients. */
function probabilities(l: Lowering, biased: string, mask: string | undefined): string {
  const softmax = (x: string): string => l.add('Softmax', [x], { axis: l.shapeOf(x).length - 1 });
  if (mask === undefined) return softmax(biased);
  const most = l.reduce('ReduceMax', mask, [l.shapeOf(mask).length - 1]);
  const empty = l.apply('Equal', most, l.builder.constant(-Infinity));
  if (l.builder.readable(empty)?.data.every((value) => value === 0)) return softmax(biased);
  const zero = l.builder.constant(0);
  return l.apply('Where', empty, zero, softmax(l.apply('Where', empty, zero, biased)));
}

// softmax(softcap(scale Q K^T) + bias) V
function attention(l: Lowering): readonly string[] {
  const heads = l.number('q_num_heads', l.shape(0)[1]!);
  const kvHeads = l.number('kv_num_heads', l.shape(1)[1]!);
  const q = split(l, l.input(0), heads);
  const joined = (value: string, past: number): string => (l.has(past) ? l.concat([l.input(past), value], 2) : value);
  const key = joined(split(l, l.input(1), kvHeads), 4);
  const value = joined(split(l, l.input(2), kvHeads), 5);
  const repeats = l.shapeOf(q)[1]! / l.shapeOf(key)[1]!;
  if (!Number.isInteger(repeats)) l.fail(`${l.shapeOf(q)[1]} query heads cannot share ${l.shapeOf(key)[1]} key heads`);
  const scale = l.number('scale', 0) || 1 / Math.sqrt(l.shapeOf(q)[3]!);
  let scores = l.apply('MatMul', l.apply('Mul', q, l.scalar(scale, q)), l.transpose(repeatHeads(l, key, repeats), [0, 1, 3, 2]));
  const raw = scores;
  const cap = l.number('softcap', 0);
  if (cap > 0) scores = l.apply('Mul', l.apply('Tanh', l.apply('Mul', scores, l.scalar(1 / cap, scores))), l.scalar(cap, scores));
  const mask = bias(l, l.shapeOf(q)[2]!, l.shapeOf(key)[2]!, l.has(4) ? l.shape(4)[2]! : 0);
  const biased = mask === undefined ? scores : l.apply('Add', scores, mask);
  const weights = probabilities(l, biased, mask);
  const product = l.apply('MatMul', weights, repeatHeads(l, value, repeats));
  const shown = [raw, scores, biased, weights][l.number('qk_matmul_output_mode', 0)] ?? l.fail('its qk_matmul_output_mode is not known');
  return [l.shape(0).length === 4 ? product : merge(l, product), key, value, shown];
}

/** [batch, heads, length, width] as [batch, length, heads * width]. */
function merge(l: Lowering, value: string): string {
  const [batch, heads, length, width] = l.shapeOf(value) as [number, number, number, number];
  return l.reshape(l.transpose(value, [0, 2, 1, 3]), [batch, length, heads * width]);
}

// (x1, x2) -> (cos x1 - sin x2, sin x1 + cos x2) for pairs that are neighbours (interleaved) or halves apart
function rotaryEmbedding(l: Lowering): string {
  const flat = l.shape(0).length === 3;
  const x = split(l, l.input(0), l.number('num_heads', 0));
  const [batch, heads, length, width] = l.shapeOf(x) as [number, number, number, number];
  const turned = l.number('rotary_embedding_dim', 0) || width;
  const half = turned / 2;
  // Tables are [positions, half] with position ids [batch, length], else [batch, length, half].
  const table = (i: number): string => {
    const rows = l.has(3) ? l.add('Gather', [l.input(i), l.input(3)], { axis: 0 }) : l.input(i);
    return l.reshape(rows, [l.shapeOf(rows)[0]!, 1, length, half]);
  };
  const [cos, sin] = [table(1), table(2)];
  const interleaved = l.flag('interleaved');
  const part = (which: number): string => (interleaved ? l.slice(x, 3, which, turned - 1 + which, 2) : l.slice(x, 3, which * half, (which + 1) * half));
  const [x1, x2] = [part(0), part(1)];
  const real = l.apply('Sub', l.apply('Mul', cos, x1), l.apply('Mul', sin, x2));
  const imaginary = l.apply('Add', l.apply('Mul', sin, x1), l.apply('Mul', cos, x2));
  const pairs = [real, imaginary].map((value) => (interleaved ? l.reshape(value, [batch, heads, length, half, 1]) : value));
  const rotated = l.reshape(l.concat(pairs, interleaved ? 4 : 3), [batch, heads, length, turned]);
  const y = turned === width ? rotated : l.concat([rotated, l.slice(x, 3, turned, width)], 3);
  return flat ? merge(l, y) : y;
}

export const ATTENTION: Family = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
