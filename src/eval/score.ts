import { UserError } from '../ir/errors';

/** MMVP-VLM's nine visual patterns in the order of its ids: 15 pairs each. `long`: the names that the official script prints. */
export const PATTERNS = [
  { name: 'Orientation', long: 'Orientation and Direction' },
  { name: 'Presence', long: 'Presence of Specific Features' },
  { name: 'State', long: 'State and Condition' },
  { name: 'Quantity', long: 'Quantity and Count' },
  { name: 'Spatial', long: 'Positional and Relational Context' },
  { name: 'Color', long: 'Color and Appearance' },
  { name: 'Structural Character', long: 'Structural Characteristics' },
  { name: 'Text', long: 'Texts' },
  { name: 'Camera Perspective', long: 'Viewpoint and Perspective' },
] as const;
export const PAIRS_PER_PATTERN = 15;
export const PAIRS = PATTERNS.length * PAIRS_PER_PATTERN;

/** The pattern of each of the 135 pairs in the order of their ids. */
export const PATTERN_OF_PAIR: readonly string[] = PATTERNS.flatMap(({ name }) => new Array<string>(PAIRS_PER_PATTERN).fill(name));

export interface PatternScore {
  readonly right: number;
  readonly of: number;
  readonly percent: number;
}

/** The fields of report.json; percentages are rounded to six decimals. */
export interface MmvpScore {
  readonly pairs_right: number;
  readonly of: number;
  readonly per_pattern: Readonly<Record<string, PatternScore>>;
  /** Mean of the patterns' percentages. */
  readonly average_percent: number;
  /** 1-based. */
  readonly right_pair_numbers: readonly number[];
  readonly captions_right: number;
  readonly captions_of: number;
  /** Strict comparisons. text: each picture prefers its caption; image: each caption prefers its picture; group: both. */
  readonly winoground: { readonly text: number; readonly image: number; readonly group: number; readonly of: number };
  readonly exact_ties: { readonly caption_1: number; readonly caption_2: number };
  /** Tolerance -> pairs whose smaller margin lies within it: what another precision might turn over. */
  readonly margins_below: Readonly<Record<string, number>>;
  readonly margin_definition: string;
}

export interface McNemar {
  readonly both_right: number;
  readonly right_to_wrong: number;
  readonly wrong_to_right: number;
  readonly both_wrong: number;
  readonly p_exact_two_sided: number;
  readonly p_as_fraction: string;
}

const TOLERANCES: readonly (readonly [string, number])[] = [['1e-05', 1e-5], ['0.0001', 1e-4], ['0.001', 1e-3], ['0.01', 1e-2]];

/** Of a power of two that float64 holds, with room for a few more bits. */
const LARGEST_EXPONENT = 1000;

/** One pair's similarities. */
interface Square {
  readonly c1i1: number;
  readonly c1i2: number;
  readonly c2i1: number;
  readonly c2i2: number;
}

/** Checks that similarities are [135, caption 2, image 2] and finite. Throws a UserError that names the shape, the count or the pair. */
export function verifySimilarities(values: ArrayLike<number>, shape: readonly number[], where: string): void {
  if (shape.length !== 3 || shape[1] !== 2 || shape[2] !== 2) throw new UserError(`The similarities have the shape [${shape}], not [${PAIRS}, 2, 2]`, where, 'Order the axes as pair, caption, image');
  if (shape[0] !== PAIRS) throw new UserError(`There are ${shape[0]} pairs, not ${PAIRS}`, where, 'Give the similarities of all of MMVP-VLM');
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new UserError(`The similarity of caption ${(Math.floor(i / 2) % 2) + 1} with image ${(i % 2) + 1} of pair ${Math.floor(i / 4) + 1} is ${values[i]}`, where, 'Compute it again in float32');
  }
}

/** The official rule: caption 1 prefers image 1 and caption 2 prefers image 2; on a tie a caption takes image 2. `c1i2` is the similarity of caption 1 with image 2. */
export function pairIsRight(c1i1: number, c1i2: number, c2i1: number, c2i2: number): boolean {
  return c1i1 > c1i2 && c2i2 >= c2i1;
}

/** @param similarities [pairs, caption 2, image 2], row-major */
export function pairsRight(similarities: ArrayLike<number>): boolean[] {
  return squares(similarities).map(({ c1i1, c1i2, c2i1, c2i2 }) => pairIsRight(c1i1, c1i2, c2i1, c2i2));
}

/**
 * MMVP-VLM's score.
 * @param similarities [pairs, caption 2, image 2], row-major
 * @param patterns the pattern of each pair
 * @param numbers the 1-based number of each pair, where some are left out
 */
export function scoreMmvp(similarities: ArrayLike<number>, patterns: readonly string[], numbers: readonly number[] = patterns.map((_, i) => i + 1)): MmvpScore {
  const pairs = squares(similarities);
  const right = pairsRight(similarities);
  const count = (holds: (pair: Square) => boolean): number => pairs.filter(holds).length;
  const text = ({ c1i1, c1i2, c2i1, c2i2 }: Square): boolean => c1i1 > c2i1 && c2i2 > c1i2;
  const image = ({ c1i1, c1i2, c2i1, c2i2 }: Square): boolean => c1i1 > c1i2 && c2i2 > c2i1;
  const margin = ({ c1i1, c1i2, c2i1, c2i2 }: Square): number => Math.abs(Math.min(c1i1 - c1i2, c2i2 - c2i1));
  const perPattern = [...new Set(patterns)].map((pattern): [string, PatternScore] => {
    const members = right.filter((_, i) => patterns[i] === pattern);
    const hits = members.filter(Boolean).length;
    return [pattern, { right: hits, of: members.length, percent: rounded((100 * hits) / members.length) }];
  });
  return {
    pairs_right: right.filter(Boolean).length,
    of: pairs.length,
    per_pattern: Object.fromEntries(perPattern),
    average_percent: rounded(perPattern.reduce((sum, [, { right: hits, of }]) => sum + (100 * hits) / of, 0) / perPattern.length),
    right_pair_numbers: numbers.filter((_, i) => right[i]),
    captions_right: count(({ c1i1, c1i2 }) => c1i1 > c1i2) + count(({ c2i1, c2i2 }) => c2i2 >= c2i1),
    captions_of: 2 * pairs.length,
    winoground: { text: count(text), image: count(image), group: count((pair) => text(pair) && image(pair)), of: pairs.length },
    exact_ties: { caption_1: count(({ c1i1, c1i2 }) => c1i1 === c1i2), caption_2: count(({ c2i1, c2i2 }) => c2i1 === c2i2) },
    margins_below: Object.fromEntries(TOLERANCES.map(([name, tolerance]) => [name, count((pair) => margin(pair) < tolerance)])),
    margin_definition: 'min(s[0,0]-s[0,1], s[1,1]-s[1,0]) in float64 of the stored float32',
  };
}

/** McNemar's exact test between two readings of the same pairs: p = min(1, 2 sum_{k <= min(b,c)} C(b+c, k) / 2^(b+c)). */
export function mcnemar(before: readonly boolean[], after: readonly boolean[]): McNemar {
  const count = (was: boolean, is: boolean): number => before.filter((right, i) => right === was && after[i] === is).length;
  const [lost, won] = [count(true, false), count(false, true)];
  const { numerator, exponent } = exactP(lost, won);
  return {
    both_right: count(true, true),
    right_to_wrong: lost,
    wrong_to_right: won,
    both_wrong: count(false, false),
    p_exact_two_sided: quotient(numerator, exponent),
    p_as_fraction: `${numerator}/${1n << BigInt(exponent)}`,
  };
}

/** McNemar's test without the fraction, which is as long as the pictures are many. */
export type PairedTest = Omit<McNemar, 'p_as_fraction'>;

export function pairedTest(before: readonly boolean[], after: readonly boolean[]): PairedTest {
  const { both_right, right_to_wrong, wrong_to_right, both_wrong, p_exact_two_sided } = mcnemar(before, after);
  return { both_right, right_to_wrong, wrong_to_right, both_wrong, p_exact_two_sided };
}

/** p = numerator / 2^exponent in lowest terms. */
function exactP(lost: number, won: number): { numerator: bigint; exponent: number } {
  const n = lost + won;
  let tail = 0n;
  for (let k = 0, choose = 1n; k <= Math.min(lost, won); k++) {
    tail += choose;
    choose = (choose * BigInt(n - k)) / BigInt(k + 1);
  }
  let numerator = 2n * tail;
  let exponent = n;
  if (numerator >= 1n << BigInt(n)) return { numerator: 1n, exponent: 0 };
  for (; numerator % 2n === 0n; exponent--) numerator /= 2n;
  return { numerator, exponent };
}

/** numerator / 2^exponent; beyond the range of float64's exponents only the leading bits of the numerator count, which is at most 2^exponent. */
function quotient(numerator: bigint, exponent: number): number {
  const excess = Math.max(0, exponent - LARGEST_EXPONENT);
  return Number(numerator >> BigInt(excess)) / 2 ** (exponent - excess);
}

function squares(similarities: ArrayLike<number>): Square[] {
  return Array.from({ length: similarities.length / 4 }, (_, pair) => ({
    c1i1: similarities[4 * pair]!, c1i2: similarities[4 * pair + 1]!, c2i1: similarities[4 * pair + 2]!, c2i2: similarities[4 * pair + 3]!,
  }));
}

/** Six decimals, as the reports have them. */
export function rounded(percent: number): number {
  return Math.round(percent * 1e6) / 1e6;
}
