import { describe, expect, it } from 'vitest';
import type { Comparison, PairResult } from '../engine/api';
import { sourceOfFiles } from './files';
import { formatBytes, formatCount, formatDuration, formatNumber, formatP, formatSetting, formatSigned, plural } from './format';
import { parsePaces, withPace } from './pace';
import { choiceOf, doubtfulCaptions, outcomeOf, pairsByOutcome, pointsGained, widestMargin } from './pairs';
import { planSentence, recipeSummary } from './plan';
import { reportOf } from './report';
import { canExport, idleRun, secondsLeft } from './run';
import { emptySeries } from './series';
import { defaultSettings } from './settings';
import { pairsVerdict, readoutVerdict, turnOf } from './verdict';

const pair = (a: number, b: number, c: number, d: number): PairResult => ({ similarity: [[a, b], [c, d]], right: a > b && d >= c });
const blob = new Blob();

describe('numbers', () => {
  it('are short', () => {
    expect([0, 999, 728096, 1_234_000_000].map(formatBytes)).toEqual(['0 B', '999 B', '728 kB', '1.2 GB']);
    expect([820, 12_345, 3_400_000, 860_000_000].map(formatCount)).toEqual(['820', '12.3 k', '3.4 M', '860 M']);
    expect([0.021, 0.84, 59.4, 130, 3900].map(formatDuration)).toEqual(['21 ms', '0.8 s', '59 s', '2:10 min', '1:05 h']);
    expect([0, 0.51234, 1.5e-5].map(formatNumber)).toEqual(['0', '0.5123', '1.50e-5']);
    expect([1e-4, 0.01, 40, 0].map(formatSetting)).toEqual(['1e-4', '0.01', '40', '0']);
    expect([0.18, 0.0421, 1, 1e-5].map(formatP)).toEqual(['p = .18', 'p = .042', 'p = 1.00', 'p < .001']);
    expect([3.7, -0.74, 0].map((value) => formatSigned(value, 1))).toEqual(['+3.7', '−0.7', '0.0']);
    expect([plural(1, 'step'), plural(1200, 'step')]).toEqual(['1 step', '1,200 steps']);
  });
});

describe('a pair', () => {
  it('follows the official rule, where a tie goes to picture 2', () => {
    expect(choiceOf(pair(2, 1, 0, 3), 0)).toMatchObject({ picture: 0, right: true, margin: 1 });
    expect(choiceOf(pair(1, 1, 1, 1), 0)).toMatchObject({ picture: 1, right: false, doubt: 'tie' });
    expect(choiceOf(pair(1, 1, 1, 1), 1)).toMatchObject({ picture: 1, right: true, doubt: 'tie' });
    expect(choiceOf(pair(0.5, 0.5 - 1e-7, 0, 1), 0)).toMatchObject({ right: true, doubt: 'within rounding' });
  });

  it('is fixed, broken or neither', () => {
    const [good, bad] = [pair(1, 0, 0, 1), pair(0, 1, 0, 1)];
    expect([outcomeOf(bad, good), outcomeOf(good, bad), outcomeOf(good, good), outcomeOf(bad, bad)]).toEqual(['fixed', 'broken', 'still right', 'still wrong']);
  });
});

describe('a comparison', () => {
  const score = (step: number, pairs: PairResult[]): Comparison['before'] => ({ step, pairsRight: pairs.filter((result) => result.right).length, of: pairs.length, perPattern: [], pairs });
  const comparison: Comparison = {
    readout: 'plain CLIP', mcnemar: { fixed: 1, broken: 0, p: 1 }, patterns: [],
    before: score(0, [pair(0, 1, 0, 1), pair(1, 0, 0, 1)]), after: score(9, [pair(1, 0, 0, 1), pair(4, 0, 1, 1)]),
    pairs: ['a', 'b'].map((pattern) => ({ pattern, captions: ['x', 'y'], pictures: [blob, blob] })),
  };

  it('sorts its pairs and measures its margins', () => {
    expect(pairsByOutcome(comparison)).toEqual({ fixed: [0], broken: [], 'still right': [1], 'still wrong': [] });
    expect(widestMargin(comparison)).toBe(4);
    expect(doubtfulCaptions(comparison.after.pairs)).toBe(1);
    expect(pointsGained(comparison)).toBe(50);
  });

  it('goes into the report without its pictures', () => {
    const measured = { readout: { result: { before: 40, rows: [], maps: [{ text: 'a', picture: new Blob(), before: new Blob() }] } }, vqa: { failed: true } };
    const report = reportOf({ settings: defaultSettings, run: { ...idleRun, comparison }, series: emptySeries(), measured });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ comparison: { after: { pairs_right: 2, of: 2 }, pairs: [{ pattern: 'a', captions: ['x', 'y'] }, {}] }, metrics: [] });
    expect((JSON.parse(JSON.stringify(report)) as { evaluations: unknown }).evaluations).toEqual({ readout: { before: 40, rows: [] } });
    expect(JSON.stringify(report)).not.toContain('pictures"');
  });
});

describe('what may be said', () => {
  const comparison = (fixed: number, broken: number, p: number): Comparison => ({ mcnemar: { fixed, broken, p } }) as Comparison;

  it('of pairs is no more than the test allows', () => {
    expect(pairsVerdict(comparison(2, 3, 1))).toBe("2 pairs turned right, 3 turned wrong: no more than chance (McNemar's exact test, p = 1.00).");
    expect(pairsVerdict(comparison(20, 3, 1e-4))).toContain('better than chance explains');
    expect(pairsVerdict(comparison(3, 20, 1e-4))).toContain('worse than chance explains');
    expect(pairsVerdict(comparison(0, 0, 1))).toContain('No pair turned');
    expect([turnOf({ fixed: 9, broken: 1, p: 0.02 }), turnOf({ fixed: 1, broken: 9, p: 0.02 }), turnOf({ fixed: 9, broken: 1, p: 0.2 })]).toEqual(['better', 'worse', undefined]);
  });

  it('of the read-out needs both models', () => {
    expect(readoutVerdict({ before: 82, rows: [] })).toBeUndefined();
    expect(readoutVerdict({ before: 82, after: 82.3, p: 0.6, rows: [] })).toContain('82.0 → 82.3 %');
    expect(readoutVerdict({ before: 81.98, after: 82.04, p: 0.6, rows: [] })).toContain('81.98 → 82.04 %');
    expect(['more than before', 'less than before'].map((words, i) => readoutVerdict({ before: 50, after: i ? 40 : 60, p: 0.001, rows: [] })?.includes(words))).toEqual([true, true]);
  });
});

describe('sourceOfFiles', () => {
  const given = (...paths: string[]): { path: string; blob: Blob }[] => paths.map((path) => ({ path, blob }));
  const seen = (...paths: string[]): unknown => {
    const source = sourceOfFiles(given(...paths));
    return source && [source.name, ...source.files.map((file) => file.path)];
  };

  it('names a source after its folder', () => {
    expect(seen('/photos/a.jpg', '/photos/b/c.jpg')).toEqual(['photos', 'a.jpg', 'b/c.jpg']);
  });
  it('keeps the paths of loose files and several folders', () => {
    expect(seen('./model.zip')).toEqual(['model.zip', 'model.zip']);
    expect(seen('a.jpg', 'b.jpg')).toEqual(['2 files', 'a.jpg', 'b.jpg']);
    expect(seen('x/a.jpg', 'y/b.jpg')).toEqual(['2 files', 'x/a.jpg', 'y/b.jpg']);
    expect(seen()).toBeUndefined();
  });
});

describe('paces', () => {
  it('survive nonsense and forget the oldest', () => {
    expect(parsePaces('{"a":2,"b":"x","c":-1}')).toEqual({ a: 2 });
    expect([parsePaces('nonsense'), parsePaces(null), parsePaces('[]')]).toEqual([{}, {}, {}]);
    const many = Array.from({ length: 40 }, (_, i) => `k${i}`).reduce((paces, key) => withPace(paces, key, 1), {});
    expect(Object.keys(many)).toHaveLength(30);
    expect(withPace({ a: 1, b: 2 }, 'a', 3)).toEqual({ b: 2, a: 3 });
  });
});

describe('what will happen', () => {
  const clip = { name: 'tiny CLIP', family: 'openai', imageSize: 32, parameters: 1, bytes: 1 } as const;

  it('is said in a sentence, with a time only where one was measured', () => {
    expect(planSentence(defaultSettings, clip, 'wasm', 135, undefined)).toBe(
      'Tunes tiny CLIP for 40 steps of 4 pictures on WASM, and counts how many of 135 pairs it tells apart before and after. How long that takes here shows after the first step.');
    expect(planSentence(defaultSettings, clip, 'webgpu', undefined, 2)).toContain('about 1:20 min here');
    expect(recipeSummary({ ...defaultSettings, accumulate: 2 })).toBe('DIVA · 40 steps of 8');
  });
});

it('exports what has been trained, once nothing changes it', () => {
  expect([canExport(idleRun), canExport({ ...idleRun, phase: 'training', step: 3 }), canExport({ ...idleRun, phase: 'paused', step: 3 })]).toEqual([false, false, true]);
  expect(secondsLeft({ ...idleRun, steps: 10, step: 4, secondsPerStep: 2 })).toBe(12);
});
