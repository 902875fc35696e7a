/** Linear maps by least squares. */
export interface LinearMap {
  /** [out][in] */
  readonly weight: readonly Float64Array[];
  /** [out] */
  readonly bias: Float64Array;
}

/**
 * argmin over W, c of sum |W x + c - y|^2 + lambda |W|^2, lambda = `strength` times the mean variance of x's components times their number:
 *
 *     W = S_yx (S_xx + lambda)^-1,  c = mean y - W mean x,  S centred sums of products
 *
 * @param strength above 0; makes the system positive definite however few rows there are
 */
export function ridge(x: readonly Float64Array[], y: readonly Float64Array[], strength: number): LinearMap {
  const [n, m] = [x[0]!.length, y[0]!.length];
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  const sxx = Array.from({ length: n }, () => new Float64Array(n));
  const sxy = Array.from({ length: n }, () => new Float64Array(m));
  x.forEach((row, at) => {
    for (let i = 0; i < n; i++) {
      const value = row[i]! - meanX[i]!;
      for (let j = 0; j < n; j++) sxx[i]![j]! += value * (row[j]! - meanX[j]!);
      for (let j = 0; j < m; j++) sxy[i]![j]! += value * (y[at]![j]! - meanY[j]!);
    }
  });
  const lambda = (strength * sxx.reduce((sum, row, i) => sum + row[i]!, 0)) / n;
  for (let i = 0; i < n; i++) sxx[i]![i]! += lambda;
  const solved = solve(sxx, sxy);
  const weight = Array.from({ length: m }, (_, j) => Float64Array.from(solved, (row) => row[j]!));
  return { weight, bias: meanY.map((value, j) => value - weight[j]!.reduce((sum, w, i) => sum + w * meanX[i]!, 0)) };
}

/** A^-1 B for a symmetric positive definite A, by Cholesky's factor A = L L^T; both are overwritten. */
function solve(a: Float64Array[], b: Float64Array[]): Float64Array[] {
  const n = a.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= a[i]![k]! * a[j]![k]!;
      a[i]![j] = i === j ? Math.sqrt(sum) : sum / a[j]![j]!;
    }
  }
  const columns = b[0]!.length;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) for (let j = 0; j < columns; j++) b[i]![j]! -= a[i]![k]! * b[k]![j]!;
    for (let j = 0; j < columns; j++) b[i]![j]! /= a[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) for (let j = 0; j < columns; j++) b[i]![j]! -= a[k]![i]! * b[k]![j]!;
    for (let j = 0; j < columns; j++) b[i]![j]! /= a[i]![i]!;
  }
  return b;
}

/** [in] */
export function meanOf(rows: readonly Float64Array[]): Float64Array {
  return rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
}
