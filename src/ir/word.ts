import { UserError } from './errors';

/** Least and greatest. */
export type Range = readonly [low: number, high: number];

export const INT32: Range = [-(2 ** 31), 2 ** 31 - 1];
export const UINT32: Range = [0, 2 ** 32 - 1];

/** A 64-bit integer in 32 bits. The extremes of 64 bits stand for "without end", and so do those of 32. Throws a UserError for others that do not fit. */
export function word(value: number, [low, high]: Range): number {
  const beyond = (value > high && value < 2 ** 63) || (value < low && value > -(2 ** 63));
  if (beyond) throw new UserError(`The integer ${value} does not fit the 32 bits that integers have on the GPU`, '', 'Use the executor "ort"');
  return Math.min(Math.max(value, low), high);
}
