import { einsum } from './einsum';
import type { Family, Lowering } from './lowering';

// Y = alpha A' B' + beta C
function gemm(l: Lowering): string {
  const turn = (i: number, name: string): string => (l.flag(name) ? l.transpose(l.input(i), [1, 0]) : l.input(i));
  const scaled = (value: string, factor: number): string => (factor === 1 ? value : l.apply('Mul', value, l.scalar(factor, value)));
  const product = scaled(l.apply('MatMul', turn(0, 'transA'), turn(1, 'transB')), l.number('alpha', 1));
  return l.has(2) ? l.apply('Add', product, scaled(l.input(2), l.number('beta', 1))) : product;
}

// (A - a) (B - b) in int32; a has an entry a row, b one a column
function matMulInteger(l: Lowering): string {
  const centred = (i: number, zero: number): string => {
    const value = l.cast(l.input(i), 'int32');
    if (!l.has(zero)) return value;
    const point = l.cast(l.input(zero), 'int32');
    return l.apply('Sub', value, i === 0 && l.shape(zero).length === 1 ? l.reshape(point, [...l.shape(zero), 1]) : point);
  };
  return l.apply('MatMul', centred(0, 2), centred(1, 3));
}

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** The sliding window of a convolution or a pooling, with its automatic padding worked out. */
export function windowOf(l: Lowering, kernel: readonly number[]): Window {
  const strides = l.list('strides') ?? kernel.map(() => 1);
  const dilations = l.list('dilations') ?? kernel.map(() => 1);
  const mode = l.text('auto_pad', 'NOTSET');
  let pads = l.list('pads') ?? [...kernel, ...kernel].map(() => 0);
  if (mode === 'VALID') pads = pads.map(() => 0);
  else if (mode !== 'NOTSET') {
    const length = l.shape(0).slice(2);
    pads = shared(kernel.map((k, i) => Math.max(0, (Math.ceil(length[i]! / strides[i]!) - 1) * strides[i]! + (k - 1) * dilations[i]! + 1 - length[i]!)), mode === 'SAME_UPPER');
  }
  return { kernel, strides, dilations, pads };
}

/** Splits total pads into begins and ends; the odd one goes to the end if `upper`. */
function shared(total: readonly number[], upper: boolean): number[] {
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad, i) => pad - small[i]!);
  return upper ? [...small, ...large] : [...large, ...small];
}

function conv(l: Lowering): string {
  const { strides, dilations, pads } = windowOf(l, l.list('kernel_shape') ?? l.shape(1).slice(2));
  return l.add('Conv', l.inputs, { strides, dilations, pads, group: l.number('group', 1) });
}

function convTranspose(l: Lowering): string {
  const kernel = l.shape(1).slice(2);
  const { strides, dilations, pads } = windowOf(l, kernel);
  const group = l.number('group', 1);
  const extra = l.list('output_padding') ?? kernel.map(() => 0);
  const mode = l.text('auto_pad', 'NOTSET');
  const length = l.shape(0).slice(2);
  const wanted = l.list('output_shape')?.slice(-kernel.length) ?? (mode.startsWith('SAME') ? length.map((dim, i) => dim * strides[i]!) : undefined);
  if (!wanted) return l.add('ConvTranspose', l.inputs, { strides, dilations, group, pads, outputPadding: extra });
  // What the full result has too many is cut off as padding; what it lacks is added as zeros.
  const surplus = wanted.map((dim, i) => (length[i]! - 1) * strides[i]! + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - dim);
  const cut = shared(surplus.map((n) => Math.max(0, n)), mode === 'SAME_UPPER');
  return l.add('ConvTranspose', l.inputs, { strides, dilations, group, pads: cut, outputPadding: extra.map((n, i) => n + Math.max(0, -surplus[i]!)) });
}

export const CONTRACTIONS: Family = {
  MatMul: (l) => l.apply('MatMul', l.input(0), l.input(1)),
  MatMulInteger: matMulInteger,
  Gemm: gemm,
  Einsum: einsum,
  Conv: conv,
  ConvTranspose: convTranspose,
};
