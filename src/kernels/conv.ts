import type { Convolution } from '../ir/ops';
import { sizeOf } from '../ir/tensor';
import { gemm, type Product } from './gemm';
import { strided, window } from './gemm-operand';
import type { Kernel, View } from './kernel';
import type { ContractionOptions } from './matmul';

const fill = (like: readonly number[], value: number): number[] => like.map(() => value);
const spatial = (list: readonly number[]): readonly number[] => list.slice(2);

/** One product a group. Columns are (image, position), stored as [N, M, ...] where the rows of all groups make M. */
function overPositions(product: Omit<Product, 'storeRow' | 'storeColumn' | 'buffers' | 'n'>, shape: readonly number[], oneBuffer: boolean | undefined): Kernel {
  const [images, channels] = shape as [number, number];
  const positions = sizeOf(spatial(shape));
  return gemm({
    ...product,
    n: images * positions,
    buffers: oneBuffer ? ['a'] : ['a', 'b'],
    storeRow: (row) => `(batch * ${product.m}u + ${row}) * ${positions}u`,
    storeColumn: (column) => `${column} / ${positions}u * ${channels * positions}u + ${column} % ${positions}u`,
  });
}

/** Y[n, m, p] = sum over c, t of W[m, c, t] X[n, c, p stride + t dilation - pad]; a: X, b: W, shape: Y's. */
export function conv({ label, scalar, a: x, b: w, limits, epilogue, oneBuffer }: ContractionOptions, shape: readonly number[], { strides, pads, dilations, group }: Convolution): Kernel {
  const [rows, channels, ...taps] = w.shape as [number, number, ...number[]];
  const m = rows / group;
  return overPositions({
    label, scalar, batches: group, m, outer: sizeOf(taps), inner: channels, limits, epilogue,
    a: strided('w', oneBuffer ? 'a' : 'b', {
      offset: w.offset,
      batch: { shape: [group], strides: [m * w.strides[0]!] },
      line: { shape: [m], strides: [w.strides[0]!] },
      outer: { shape: taps, strides: spatial(w.strides) },
      inner: w.strides[1]!,
    }),
    b: window('x', 'a', {
      ...tensorOf(x, channels),
      lead: x.strides[0]!,
      inner: x.strides[1]!,
      line: spatial(shape),
      outer: taps,
      lineStep: strides,
      outerStep: dilations,
      shift: taps.map((_, d) => -pads[d]!),
      divisor: fill(taps, 1),
    }),
  }, shape, oneBuffer);
}

/** Y[n, c, q] = sum over m, t of W[m, c, t] X[n, m, (q + pad - t dilation) / stride], where that is whole; a: X, b: W, shape: Y's. */
export function convTranspose({ label, scalar, a: x, b: w, limits, epilogue, oneBuffer }: ContractionOptions, shape: readonly number[], { strides, pads, dilations, group }: Convolution): Kernel {
  const [all, m, ...taps] = w.shape as [number, number, ...number[]];
  const channels = all / group;
  return overPositions({
    label, scalar, batches: group, m, outer: sizeOf(taps), inner: channels, limits, epilogue,
    a: strided('w', oneBuffer ? 'a' : 'b', {
      offset: w.offset,
      batch: { shape: [group], strides: [channels * w.strides[0]!] },
      line: { shape: [m], strides: [w.strides[1]!] },
      outer: { shape: taps, strides: spatial(w.strides) },
      inner: w.strides[0]!,
    }),
    b: window('x', 'a', {
      ...tensorOf(x, channels),
      lead: x.strides[0]!,
      inner: x.strides[1]!,
      line: spatial(shape),
      outer: taps,
      lineStep: fill(taps, 1),
      outerStep: dilations.map((step) => -step),
      shift: taps.map((_, d) => pads[d]!),
      divisor: strides,
    }),
  }, shape, oneBuffer);
}

/** dW[m, c, t] = sum over p, n of dY[n, m, p] X[n, c, p stride + t dilation - pad]; a: dY, b: X, shape: dW's. */
export function convWeightGrad({ label, scalar, a: dY, b: x, limits, epilogue, oneBuffer }: ContractionOptions, shape: readonly number[], { strides, pads, dilations, group }: Convolution): Kernel {
  const [rows, channels, ...taps] = shape as [number, number, ...number[]];
  const m = rows / group;
  const n = channels * sizeOf(taps);
  const positions = spatial(dY.shape);
  return gemm({
    label, scalar, batches: group, m, n, outer: sizeOf(positions), inner: dY.shape[0]!, limits, epilogue,
    a: strided('dY', 'a', {
      offset: dY.offset,
      batch: { shape: [group], strides: [m * dY.strides[1]!] },
      line: { shape: [m], strides: [dY.strides[1]!] },
      outer: { shape: positions, strides: spatial(dY.strides) },
      inner: dY.strides[0]!,
    }),
    b: window('x', oneBuffer ? 'a' : 'b', {
      ...tensorOf(x, channels),
      lead: x.strides[1]!,
      inner: x.strides[0]!,
      line: taps,
      outer: positions,
      lineStep: dilations,
      outerStep: strides,
      shift: taps.map((_, d) => -pads[d]!),
      divisor: fill(taps, 1),
    }),
    buffers: oneBuffer ? ['a'] : ['a', 'b'],
    storeRow: (row) => `(batch * ${m}u + ${row}) * ${n}u`,
    storeColumn: (column) => column,
  });
}

/** The tensor that a window slides over, of which a group sees `channels`. */
function tensorOf(x: View, channels: number): { offset: number; size: readonly number[]; strides: readonly number[]; batch: number } {
  return { offset: x.offset, size: spatial(x.shape), strides: spatial(x.strides), batch: channels * x.strides[1]! };
}
