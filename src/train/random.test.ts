import { describe, expect, it } from 'vitest';
import { philox, RandomStream } from './random';

describe('philox', () => {
  // Random123's kat_vectors: philox 4x32 10
  it.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ])('gives the known answer for counter %j', (counter, key, want) => {
    expect(philox(counter as [number, number, number, number], key as [number, number])).toEqual(want);
  });
});

describe('RandomStream', () => {
  const bits = (seed: number, ...rest: ConstructorParameters<typeof RandomStream> extends [number, ...infer R] ? R : never): string => {
    const stream = new RandomStream(seed, ...rest);
    return Array.from({ length: 6 }, () => stream.bits()).join();
  };

  it('depends on seed, purpose and place, and on nothing else', () => {
    const variants = [bits(1, 'noise'), bits(2, 'noise'), bits(2 ** 32 + 1, 'noise'), bits(1, 'order'), bits(1, 'noise', { step: 1 }), bits(1, 'noise', { micro: 1 }), bits(1, 'noise', { draw: 1 })];
    expect(new Set(variants).size).toBe(variants.length);
    expect(bits(1, 'noise')).toBe(variants[0]);
  });

  it('draws integers evenly, bounds that divide no power of two too', () => {
    const stream = new RandomStream(3, 'patches');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7e4; i++) counts[stream.integer(7)]!++;
    // 1e4 each, standard deviation 93
    for (const count of counts) expect(Math.abs(count - 1e4)).toBeLessThan(400);
    expect(stream.integer(1)).toBe(0);
  });

  it('draws standard normal numbers', () => {
    const n = 100_001;
    const values = new RandomStream(4, 'noise').normals(n);
    const moment = (k: number): number => values.reduce((sum, x) => sum + x ** k, 0) / n;
    // standard deviations of the moments: 0.003, 0.0045, 0.012, 0.03
    expect(Math.abs(moment(1))).toBeLessThan(0.015);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(3))).toBeLessThan(0.06);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  it('permutes, and cycles without a fixed point', () => {
    expect([...new RandomStream(5, 'order').permutation(9)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (let seed = 0; seed < 50; seed++) {
      const cycle = new RandomStream(seed, 'shuffle').cycle(4);
      expect([...cycle].sort()).toEqual([0, 1, 2, 3]);
      expect(cycle.some((to, from) => to === from)).toBe(false);
    }
  });
});
