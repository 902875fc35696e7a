import { expect, it } from 'vitest';
import { renderStudy } from './study-report';
import { EVALUATIONS, RECIPES, type Figure, type Study, type StudyRun } from './study-runs';

/** Every figure 50 before, and the gain given after. */
function run(recipe: StudyRun['recipe'], seed: number, gains: Partial<Record<(typeof EVALUATIONS)[number], number>>): StudyRun {
  const figure = (gain = 0): Figure => ({ overall: 50 + gain, parts: { kinds: 50 + gain, others: 50 + gain }, ...(recipe !== 'before' && { against: { better: 3, worse: 1, p: 0.625 } }) });
  return { recipe, seed, seconds: { training: 1, evaluations: { pairs: 2 } }, losses: [], figures: Object.fromEntries(EVALUATIONS.map((name) => [name, figure(gains[name])])) as StudyRun['figures'] };
}

function study(feedback: Parameters<typeof run>[2], control: Parameters<typeof run>[2]): Study {
  const tuned = [1, 2, 3].flatMap((seed) => RECIPES.map((recipe) => run(recipe, seed, recipe.startsWith('diva') ? feedback : control)));
  return { gates: [{ name: 'kinds', value: 0.97, least: 0.95, passed: true }], settings: { steps: 60 }, fingerprint: '', machine: 'a machine', runs: [run('before', 0, {}), ...tuned] };
}

const goals = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('| diva |')).map((line) => line.split('|').slice(2, 5).map((cell) => cell.trim()).join('; '));

it('says from the figures which goals are reached', () => {
  expect(goals(renderStudy(study({ pairs: 4, readout: 7, retrieval: 0.4 }, { pairs: 1, readout: 1 })))).toEqual([
    expect.stringMatching(/^attribute read-out .*; \+6\.0 \(p 0\.03\d?\); reached$/),
    'kinds, zero-shot, within 0.5; +0.0; reached',
    'retrieval within 0.5; +0.4; reached',
    'pair score at least +3, the control\'s gain below half of it; +4.0 (control +1.0); reached',
  ]);
  expect(goals(renderStudy(study({ retrieval: 2 }, {})))[2]).toBe('retrieval within 0.5; +2.0; better');
  const missed = goals(renderStudy(study({ pairs: 4, readout: 3, 'zero-shot': -2, retrieval: -0.6 }, { pairs: 2 })));
  expect(missed.map((line) => line.endsWith('**not reached**'))).toEqual([true, true, true, true]);
});

it('has a row a run once, and a column a recipe in each table of parts', () => {
  const text = renderStudy(study({ pairs: 4 }, {}));
  expect(text).toContain('| control+realign, seed 3 | 50.0 (+0.0) |');
  expect(text).toContain('| kinds | 50.0 | 54.0 ± 0.0 | 50.0 ± 0.0 | 50.0 ± 0.0 | 54.0 ± 0.0 | 50.0 ± 0.0 |');
  expect(text).toContain('| diva, seed 1 | 3 / 1 (0.63) |');
});

it('takes what is there so far', () => {
  const { runs, ...rest } = study({ pairs: 4 }, {});
  expect(renderStudy({ ...rest, runs: runs.slice(0, 2) })).toContain('| diva, seed 1 | 54.0 (+4.0) |');
  expect(renderStudy({ ...rest, runs: runs.slice(0, 1) })).toContain('| before | 50.0 |');
});
