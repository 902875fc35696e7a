import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../data/safetensors';
import { toNumbers } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { mcnemar, pairsRight, PATTERN_OF_PAIR, scoreMmvp, verifySimilarities, type McNemar, type MmvpScore } from './score';

const pair = (...values: number[]): boolean => pairsRight(values)[0]!;

describe('the official rule', () => {
  it('wants both captions right, and gives a tie to image 2', () => {
    expect(pair(2, 1, 1, 2)).toBe(true);
    expect(pair(2, 1, 2, 1)).toBe(false);
    expect(pair(1, 1, 1, 2)).toBe(false);
    expect(pair(2, 1, 1, 1)).toBe(true);
  });

  it('counts what is there when a pair is left out', () => {
    const score = scoreMmvp([2, 1, 1, 2, 1, 2, 1, 2, 2, 1, 1, 2], ['A', 'A', 'B'], [1, 2, 4]);
    expect(score).toMatchObject({ pairs_right: 2, of: 3, per_pattern: { A: { right: 1, of: 2, percent: 50 }, B: { right: 1, of: 1, percent: 100 } }, average_percent: 75, right_pair_numbers: [1, 4] });
  });
});

const changes = (lost: number, won: number): McNemar => mcnemar([...Array(lost).fill(true), ...Array(won).fill(false)], [...Array(lost).fill(false), ...Array(won).fill(true)]);

describe('McNemar', () => {
  it('is one where nothing changed, and exact where p is tiny', () => {
    expect(changes(0, 0)).toMatchObject({ p_exact_two_sided: 1, p_as_fraction: '1/1' });
    expect(changes(3, 12).p_exact_two_sided).toBe(0.03515625);
    // Python: float(2 * Fraction(sum(comb(2000, k) for k in range(901)), 2**2000))
    expect(changes(900, 1100).p_exact_two_sided).toBe(8.457089535503927e-6);
    expect(changes(600, 5000).p_exact_two_sided).toBe(0);
    expect(changes(0, 135)).toMatchObject({ p_exact_two_sided: 4.591774807899561e-41, p_as_fraction: '1/21778071482940061661655974875633165533184' });
  });
});

describe.skipIf(!hasShared)('mmvp-mini', () => {
  const golden = hasShared ? JSON.parse(readFileSync(shared('mmvp-mini/expected_scores.json'), 'utf8')) : { scores: {}, mcnemar: {}, mcnemar_table: [], 'scores_bad.safetensors': {} };
  const load = (file: string): ReturnType<typeof readSafetensors>['tensors'] => readSafetensors(readFileSync(shared(`mmvp-mini/${file}`)), file).tensors;

  it.each(Object.entries(golden.scores as Record<string, MmvpScore>))('scores %s', (set, expected) => {
    expect(scoreMmvp(toNumbers(load('scores.safetensors').get(set)!), PATTERN_OF_PAIR)).toEqual(expected);
  });

  it.each(Object.entries(golden.mcnemar as Record<string, McNemar>))('compares %s', (name, expected) => {
    const [before, after] = name.split(' -> ').map((set) => pairsRight(toNumbers(load('scores.safetensors').get(set)!)));
    expect(mcnemar(before!, after!)).toEqual(expected);
  });

  it.each(golden.mcnemar_table as { right_to_wrong: number; wrong_to_right: number; p: number }[])('p of $right_to_wrong lost and $wrong_to_right won', ({ right_to_wrong, wrong_to_right, p }) => {
    expect(changes(right_to_wrong, wrong_to_right).p_exact_two_sided).toBe(p);
  });

  it.each([['nan', /pair 18 /], ['inf', /pair 41 /], ['short', /134 pairs, not 135/], ['transposed_shape', /\[2,2,135\]/]])('refuses %s', (set, message) => {
    const tensor = load('scores_bad.safetensors').get(set)!;
    expect(() => verifySimilarities(toNumbers(tensor), tensor.shape, set)).toThrow(message);
  });
});
