import type { View } from './kernel';

interface Matrix {
  /** Strides of the rows and of the columns. */
  readonly row: number;
  readonly column: number;
  /** Strides of the batch axes; 0 where broadcast. */
  readonly batch: readonly number[];
  readonly offset: number;
}

export interface MatMulLayout {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: readonly number[];
  readonly batches: number;
  readonly a: Matrix;
  readonly b: Matrix;
}

/** Broadcasts the batches, and makes batches of A that share one B rows of one product: [8, 65, 256] x [256, 64] is [520, 256] x [256, 64]. */
export function foldMatMul(first: View, second: View): MatMulLayout {
  const left = first.shape.length === 1 ? withAxis(first, 0) : first;
  const right = second.shape.length === 1 ? withAxis(second, 1) : second;
  const rank = Math.max(left.shape.length, right.shape.length) - 2;
  const batch = Array.from({ length: rank }, (_, axis) => {
    const [i, j] = [axis - rank + left.shape.length - 2, axis - rank + right.shape.length - 2];
    return left.shape[i] === undefined || left.shape[i] === 1 ? (right.shape[j] ?? 1) : left.shape[i];
  });
  const a = matrix(left, batch);
  const b = matrix(right, batch);
  const [m, k, n] = [left.shape.at(-2)!, left.shape.at(-1)!, right.shape.at(-1)!];
  return foldRows({ m, n, k, batch, batches: batch.reduce((x, y) => x * y, 1), a, b });
}

function withAxis(view: View, axis: 0 | 1): View {
  const insert = (list: readonly number[], value: number): number[] => (axis === 0 ? [value, ...list] : [...list, value]);
  return { shape: insert(view.shape, 1), strides: insert(view.strides, 0), offset: view.offset };
}

function matrix(view: View, batch: readonly number[]): Matrix {
  const missing = batch.length - (view.shape.length - 2);
  const strides = batch.map((_, axis) => (axis < missing || view.shape[axis - missing] === 1 ? 0 : view.strides[axis - missing]!));
  return { row: view.strides.at(-2)!, column: view.strides.at(-1)!, batch: strides, offset: view.offset };
}

function foldRows(layout: MatMulLayout): MatMulLayout {
  const { a, b, batch } = layout;
  const last = batch.length - 1;
  if (last < 0) return layout;
  const size = batch[last]!;
  const drop = (row: number): MatMulLayout => ({
    ...layout,
    m: layout.m * size,
    batch: batch.slice(0, last),
    batches: layout.batches / size,
    a: { ...a, row, batch: a.batch.slice(0, last) },
    b: { ...b, batch: b.batch.slice(0, last) },
  });
  if (size === 1) return foldRows(drop(a.row));
  if (b.batch[last] !== 0) return layout;
  if (layout.m === 1) return foldRows(drop(a.batch[last]!));
  return a.batch[last] === layout.m * a.row ? foldRows(drop(a.row)) : layout;
}
