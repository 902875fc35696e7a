import type { Comparison, EvaluationResult, Turned } from '../engine/api';
import { formatP, plural } from './format';

/** Differences that chance makes this often are not called differences. */
const SIGNIFICANT = 0.05;

/** Whether a test says more than chance would; undefined: there was no test. */
export function isClear(p: number | undefined): boolean {
  return p !== undefined && p < SIGNIFICANT;
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
export function readoutVerdict({ before, after, p }: EvaluationResult): string | undefined {
  if (after === undefined || p === undefined) return undefined;
  const verdict = !isClear(p) ? 'no more nor less than before, as far as chance lets it be told' : after > before ? 'more than before' : 'less than before';
  return `In the embedding itself linear probes find ${before.toFixed(1)} → ${after.toFixed(1)} % of the attributes: ${verdict} (${formatP(p)}).`;
}
