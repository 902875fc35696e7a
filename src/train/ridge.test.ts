import { describe, expect, it } from 'vitest';
import { ridge } from './ridge';
import { RandomStream } from './random';

const normals = (rows: number, width: number, step: number): Float64Array[] => {
  const stream = new RandomStream(5, 'noise', { step });
  return Array.from({ length: rows }, () => Float64Array.from(stream.normals(width)));
};

describe('ridge', () => {
  it('finds the map that made the data', () => {
    const x = normals(60, 7, 0);
    const [w, c] = [normals(3, 7, 1), normals(1, 3, 2)[0]!];
    const y = x.map((row) => Float64Array.from(w, (line, i) => c[i]! + line.reduce((sum, value, j) => sum + value * row[j]!, 0)));
    const { weight, bias } = ridge(x, y, 1e-12);
    weight.forEach((line, i) => line.forEach((value, j) => expect(value).toBeCloseTo(w[i]![j]!, 9)));
    bias.forEach((value, i) => expect(value).toBeCloseTo(c[i]!, 9));
  });

  it('minimises the penalised squares', () => {
    const [x, y] = [normals(20, 4, 3), normals(20, 2, 4)];
    const strength = 0.1;
    const mean = (rows: readonly Float64Array[], j: number): number => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length;
    const lambda = (strength * x.reduce((sum, row) => sum + row.reduce((inner, value, j) => inner + (value - mean(x, j)) ** 2, 0), 0)) / 4;
    const { weight, bias } = ridge(x, y, strength);
    const cost = (nudge: number, i: number, j: number): number =>
      weight.reduce((sum, line, a) => {
        const moved = line.map((value, b) => (a === i && b === j ? value + nudge : value));
        const errors = x.reduce((inner, row, at) => inner + (bias[a]! + moved.reduce((dot, value, b) => dot + value * row[b]!, 0) - y[at]![a]!) ** 2, 0);
        return sum + errors + lambda * moved.reduce((inner, value) => inner + value * value, 0);
      }, 0);
    for (const [i, j] of [[0, 0], [1, 2], [0, 3]] as const) expect(Math.abs(cost(1e-4, i, j) - cost(-1e-4, i, j))).toBeLessThan(1e-9);
  });
});
