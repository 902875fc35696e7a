import type { Comparison, EvaluationResult, Figure, Turned } from '../engine/api';
import { formatP, plural } from './format';

/** Differences that chance makes this often are not called differences. */
const SIGNIFICANT = 0.05;

/** Whether a test says more than chance would; undefined: there was no test. */
export function isClear(p: number | undefined): boolean {
  return p !== undefined && p < SIGNIFICANT;
}

/** Decimals of a percentage, so that a difference that is told can be seen in the figures beside it. */
export function decimalsOf({ before, after }: Figure): 1 | 2 {
  return after !== undefined && after !== before && Math.abs(after - before) < 0.1 ? 2 : 1;
}

/** Which way pairs turned, where chance is an unlikely reason. */
export function turnOf({ fixed, broken, p }: Turned): 'better' | 'worse' | undefined {
  if (!isClear(p)) return undefined;
  return fixed > broken ? 'better' : 'worse';
}

/** What a comparison allows to be said, in words. */
export function pairsVerdict({ mcnemar }: Comparison): string {
  const { fixed, broken, p } = mcnemar;
  if (fixed + broken === 0) return 'No pair turned: tuning made no difference here.';
  const counts = `${plural(fixed, 'pair')} turned right, ${broken} turned wrong`;
  const test = `McNemar's exact test, ${formatP(p)}`;
  const verdict = { better: 'better than chance explains', worse: 'worse than chance explains', none: 'no more than chance' }[turnOf(mcnemar) ?? 'none'];
  return `${counts}: ${verdict} (${test}).`;
}

/** What the linear probes allow to be said; undefined where only one model was asked. */
export function readoutVerdict(result: EvaluationResult): string | undefined {
  const { before, after, p } = result;
  if (after === undefined || p === undefined) return undefined;
  const verdict = !isClear(p) ? 'no clear difference' : after > before ? 'more than before' : 'less than before';
  return `In the embedding itself linear probes find ${before.toFixed(decimalsOf(result))} → ${after.toFixed(decimalsOf(result))} % of the attributes: ${verdict} (${formatP(p)}).`;
}
