import { expect, it } from 'vitest';
import { RandomStream } from '../train/random';
import { fitLogistic } from './logistic';

/** Clouds around a point a class, in features of very different scales and one that never changes. */
function clouds(count: number, seed: number): { features: Float32Array[]; labels: number[] } {
  const centres = [[0, 0, 1], [2, 0, 1], [0, 2, 1]] as const;
  const normal = new RandomStream(seed, 'noise');
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  return { labels, features: labels.map((label) => {
    const [a, b, c] = centres[label]!;
    const [x, y] = normal.normals(2) as unknown as [number, number];
    return Float32Array.of(1000 * (a + 0.7 * x), 0.001 * (b + 0.7 * y), c);
  }) };
}

it('tells clouds apart, and new points of them', () => {
  const train = clouds(300, 1);
  const test = clouds(300, 2);
  const model = fitLogistic(train.features, train.labels, 3, { l2: 1 });
  const right = test.features.filter((feature, i) => model.predict(feature) === test.labels[i]).length;
  expect(right / 300).toBeGreaterThan(0.84);
});

it('finds the minimum of one feature and two classes, where it is known', () => {
  // Feature -1 three times of four in class 0, +1 three times of four in class 1: unpenalised, the probability at a feature is its class's share.
  const features = [-1, -1, -1, -1, 1, 1, 1, 1].map((value) => Float32Array.of(value));
  const model = fitLogistic(features, [0, 0, 0, 1, 1, 1, 1, 0], 2, { l2: 1e-9 });
  expect([-1, 1, 0.01, -0.01].map((value) => model.predict(Float32Array.of(value)))).toEqual([0, 1, 1, 0]);
});

it('lets the larger class win where nothing else tells', () => {
  const model = fitLogistic([1, 1, 1].map((value) => Float32Array.of(value)), [1, 0, 1], 3, { l2: 1 });
  expect(model.predict(Float32Array.of(5))).toBe(1);
});

it('gives the same model for the same data', () => {
  const { features, labels } = clouds(60, 3);
  const [a, b] = [0, 1].map(() => fitLogistic(features, labels, 3, { l2: 0.1 }));
  const places = clouds(500, 4).features;
  expect(places.map((place) => a!.predict(place))).toEqual(places.map((place) => b!.predict(place)));
});
