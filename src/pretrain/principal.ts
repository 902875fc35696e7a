import { RandomStream } from '../train/random';

export interface Principal {
  /** Unit vectors, the one of the largest variance first. */
  readonly directions: readonly Float64Array[];
  /** Standard deviations along them. */
  readonly spreads: readonly number[];
}

const ITERATIONS = 200;

/** The directions in which rows of `width` numbers vary most, about 0: orthogonal iteration on their second moments. */
export function principalDirections(rows: Float32Array, width: number, count: number): Principal {
  const moments = secondMoments(rows, width);
  const start = new RandomStream(0, 'init', {});
  let directions = orthonormal(Array.from({ length: count }, () => Float64Array.from(start.normals(width))));
  for (let i = 0; i < ITERATIONS; i++) directions = orthonormal(directions.map((direction) => image(moments, direction)));
  return { directions, spreads: directions.map((direction) => Math.sqrt(dot(direction, image(moments, direction)))) };
}

function secondMoments(rows: Float32Array, width: number): Float64Array[] {
  const moments = Array.from({ length: width }, () => new Float64Array(width));
  const count = rows.length / width;
  for (let at = 0; at < rows.length; at += width) {
    for (let i = 0; i < width; i++) {
      const value = rows[at + i]! / count;
      const row = moments[i]!;
      for (let j = 0; j < width; j++) row[j]! += value * rows[at + j]!;
    }
  }
  return moments;
}

/** Gram and Schmidt's */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    let rest = vector;
    for (const other of done) {
      const along = dot(rest, other);
      rest = rest.map((value, i) => value - along * other[i]!);
    }
    const norm = Math.sqrt(dot(rest, rest));
    done.push(rest.map((value) => value / norm));
  }
  return done;
}

function image(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
