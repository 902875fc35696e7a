/**
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a bijection of 128-bit counters for every 64-bit key.
 * What is drawn at a place depends on the seed and the place only, never on what was drawn before.
 */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number]): [number, number, number, number] {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = wideProduct(0xd2511f53, a);
    const [high1, low1] = wideProduct(0xcd9e8d57, c);
    [a, b, c, d] = [(high1 ^ b ^ k) >>> 0, low1, (high0 ^ d ^ l) >>> 0, low0];
    k = (k + 0x9e3779b9) >>> 0;
    l = (l + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** The 64-bit product of two 32-bit numbers, as two halves. */
function wideProduct(x: number, y: number): [high: number, low: number] {
  const [x1, x0, y1, y0] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  const middle = x1 * y0 + ((x0 * y0) >>> 16);
  const carry = x0 * y1 + (middle % 0x10000);
  return [(x1 * y1 + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0, Math.imul(x, y) >>> 0];
}

/** What is drawn, each in a stream of its own. The numbers are part of what a seed means. */
const PURPOSES = { order: 1, timesteps: 2, noise: 3, patches: 4, crops: 5, init: 6, shuffle: 7, captions: 8 } as const;
export type Purpose = keyof typeof PURPOSES;

/** Where in a run something is drawn; for `order` an epoch, for `crops` a picture stands for the step. */
export interface Place {
  readonly step?: number;
  readonly micro?: number;
  readonly draw?: number;
}

/** The random numbers of one purpose at one place. The seed is a whole number below 2^53. */
export class RandomStream {
  private block = 0;
  private words: readonly number[] = [];
  private at = 4;

  constructor(
    private readonly seed: number,
    private readonly purpose: Purpose,
    private readonly place: Place = {},
  ) {}

  /** 32 random bits. */
  bits(): number {
    if (this.at === 4) {
      const { step = 0, micro = 0, draw = 0 } = this.place;
      const key = [this.seed >>> 0, Math.floor(this.seed / 2 ** 32)] as const;
      this.words = philox([this.block++, step >>> 0, micro, PURPOSES[this.purpose] * 2 ** 24 + draw], key);
      this.at = 0;
    }
    return this.words[this.at++]!;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  /** A whole number in [0, bound), each as likely: bits beyond the last multiple of the bound are drawn again. */
  integer(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % bound;
    }
  }

  /** Standard normal numbers by Box and Muller, in float64, rounded to float32. */
  normals(count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      out[i] = radius * Math.cos(angle);
      if (i + 1 < count) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  }

  /** A permutation of 0 .. count - 1 (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** A permutation of 0 .. count - 1 in one cycle, so that nothing keeps its place (Sattolo). */
  cycle(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
