/**
 * Seeded numbers, the same in every engine: integer arithmetic and the IEEE operations + - * / only.
 * A stream is mulberry32; seeds that follow one another give unrelated streams, because they are hashed first.
 */
export class Random {
  private state: number;

  constructor(seed: number, purpose = 0) {
    this.state = hash(hash(seed >>> 0) + Math.imul(purpose + 1, 0x9e3779b9));
  }

  /** An integer in 0 .. 2^32 - 1. */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Uniform in low .. high. */
  between(low: number, high: number): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** An integer in 0 .. count - 1. */
  below(count: number): number {
    return Math.floor((this.bits() / 2 ** 32) * count);
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Avalanche of 32 bits (the finaliser of MurmurHash3). */
export function hash(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Cosine and sine of an angle in turns, by Taylor's series: Math.sin may differ in its last bit between engines. */
export function unit(turns: number): readonly [cos: number, sin: number] {
  const angle = (turns - Math.floor(turns + 0.5)) * 6.283185307179586;
  const square = angle * angle;
  let cos = 1;
  let sin = 1;
  for (let n = 12; n > 0; n--) {
    cos = 1 - (square / ((2 * n - 1) * (2 * n))) * cos;
    sin = 1 - (square / (2 * n * (2 * n + 1))) * sin;
  }
  return [cos, angle * sin];
}
