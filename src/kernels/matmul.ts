import { gemm } from './gemm';
import { strided } from './gemm-operand';
import type { Epilogue, Kernel, KernelLimits, View } from './kernel';
import { foldMatMul } from './matmul-layout';
import type { Scalar } from './wgsl';

export interface ContractionOptions {
  readonly label: string;
  readonly scalar: Scalar;
  readonly a: View;
  readonly b: View;
  readonly limits: KernelLimits;
  readonly epilogue?: Epilogue | undefined;
  /** Both operands are views of one buffer, which is bound once (a buffer may be bound for writing only once). */
  readonly oneBuffer?: boolean;
}

/** Y = A B over the last two axes, batches broadcast. The product is stored densely, row by row; epilogue indices count in it. */
export function matmul({ label, scalar, a, b, limits, epilogue, oneBuffer }: ContractionOptions): Kernel {
  const layout = foldMatMul(a, b);
  const { m, n, k, batches } = layout;
  const none = { shape: [], strides: [] };
  const rows = { offset: layout.a.offset, batch: { shape: layout.batch, strides: layout.a.batch }, line: { shape: [m], strides: [layout.a.row] }, outer: none, inner: layout.a.column };
  const columns = { offset: layout.b.offset, batch: { shape: layout.batch, strides: layout.b.batch }, line: { shape: [n], strides: [layout.b.column] }, outer: none, inner: layout.b.row };
  return gemm({
    label, scalar, batches, m, n, outer: 1, inner: k, limits, epilogue,
    a: strided('a', 'a', rows),
    b: strided('b', oneBuffer ? 'a' : 'b', columns),
    buffers: oneBuffer ? ['a'] : ['a', 'b'],
    storeRow: (row) => `(batch * ${m}u + ${row}) * ${n}u`,
    storeColumn: (column) => column,
  });
}
