import { RandomStream } from '../train/random';

export const FLIPS = 20_000;

/** Share of random sign flips whose mean is as far from 0 as the differences' own. */
export function signFlipTest(differences: readonly number[]): number {
  const stream = new RandomStream(0, 'shuffle', {});
  const own = Math.abs(mean(differences)) - 1e-12;
  let asFar = 0;
  for (let i = 0; i < FLIPS; i++) if (Math.abs(mean(differences.map((value) => (stream.uniform() < 0.5 ? value : -value)))) >= own) asFar++;
  return (asFar + 1) / (FLIPS + 1);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; 0 for one value. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1));
}
