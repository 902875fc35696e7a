import { describe, expect, it } from 'vitest';
import { UserError } from './errors';
import { bytesOf, cast, sizeOf, stridesOf, tensorFrom, tensorFromBytes, toNumbers } from './tensor';

describe('half precision', () => {
  it('rounds float16 to nearest even and keeps its extremes', () => {
    const values = [0, -0, 1, 65504, 65520, 2 ** -24, 2 ** -26, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -Infinity, NaN];
    const expected = [0, -0, 1, 65504, Infinity, 2 ** -24, 0, 1, 1 + 2 ** -9, -Infinity, NaN];
    expect([...toNumbers(tensorFrom('float16', [values.length], values))]).toEqual(expected);
  });

  it('rounds bfloat16 to nearest even', () => {
    const values = [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, NaN];
    expect([...toNumbers(tensorFrom('bfloat16', [5], values))]).toEqual([1, 1, 1 + 2 ** -6, Infinity, NaN]);
  });
});

describe('integers', () => {
  it('keeps int64 exact up to 2^53 and clamps beyond the range', () => {
    const tensor = tensorFrom('int64', [4], [-1, 2 ** 53, Infinity, -Infinity]);
    expect(tensor.data).toEqual(BigInt64Array.of(-1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)));
  });

  it('casts floats to bool by being non-zero', () => {
    expect([...cast(tensorFrom('float32', [3], [0, 0.5, -2]), 'bool').data]).toEqual([0, 1, 1]);
  });
});

describe('shapes', () => {
  it('counts elements and strides', () => {
    expect(sizeOf([])).toBe(1);
    expect(sizeOf([3, 0, 5])).toBe(0);
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  });

  it.each([[[-1]], [[1.5]], [[2 ** 30, 2 ** 30]]])('refuses %j', (shape) => {
    expect(() => sizeOf(shape)).toThrow(UserError);
  });
});

describe('bytes', () => {
  it('reads unaligned little-endian bytes', () => {
    const bytes = new Uint8Array([9, 0, 0, 128, 63]).subarray(1);
    expect([...tensorFromBytes('float32', [1], bytes).data]).toEqual([1]);
  });

  it('says how many bytes were expected', () => {
    expect(() => tensorFromBytes('float32', [2], new Uint8Array(7))).toThrow(/takes 8 bytes, but 7/);
  });

  it('gives them back', () => {
    const tensor = tensorFrom('float32', [2], [1, -2]);
    expect(tensorFromBytes('float32', [2], bytesOf(tensor))).toEqual(tensor);
  });
});
