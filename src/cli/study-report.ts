import { RandomStream } from '../train/random';
import { EVALUATIONS, type Evaluation, type Figure, type Study, type StudyRun } from './study-runs';

const TITLES: Readonly<Record<Evaluation, { readonly title: string; readonly note: string }>> = {
  pairs: { title: 'Pair score', note: 'MMVP-nano, official rule: a pair counts if both of its pictures prefer their own statement; mean of the patterns' },
  readout: { title: 'Attribute read-out', note: 'linear probes on the class embedding, frozen protocol' },
  'zero-shot': { title: 'Zero-shot', note: 'top-1, mean of 27 generated sets' },
  retrieval: { title: 'Retrieval', note: 'R@1, mean of both sets and directions' },
};

const number = (value: number): string => value.toFixed(1);
const signed = (value: number): string => `${value >= 0 ? '+' : '-'}${Math.abs(value).toFixed(1)}`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** docs/nano-study.md */
export function renderStudy(study: Study): string {
  const [before, ...runs] = study.runs as [StudyRun, ...StudyRun[]];
  const sections = [
    '# Diffusion feedback on nano-CLIP',
    'Written by `npm run study` from `docs/nano-study.json`; `npm run study -- --rerun` trains and measures everything anew. Figures are percentages; differences are points against the untouched model.',
    `Machine: ${study.machine}. Settings (preset \`nano\`): \`${JSON.stringify(study.settings)}\`. \`control\` is the same run with the latents of another picture of the batch.`,
    '## Gates, measured before any tuning',
    table(['gate', 'figure', 'at least', ''], study.gates.map(({ name, value, least, passed }) => [name, value.toFixed(3), String(least), passed ? 'passed' : '**missed**'])),
    gatePatterns(study),
    '## All evaluations',
    table(['run', ...EVALUATIONS.map((name) => TITLES[name].title), 'training, s'], [
      ['before', ...EVALUATIONS.map((name) => number(before.figures[name].overall)), ''],
      ...runs.map((run) => [`${run.recipe}, seed ${run.seed}`, ...EVALUATIONS.map((name) => withGain(run.figures[name], before.figures[name])), number(run.seconds.training)]),
    ]),
    EVALUATIONS.map((name) => `- ${TITLES[name].title}: ${TITLES[name].note}.`).join('\n'),
    '## Feedback against control',
    conclusions(before, runs),
    ...EVALUATIONS.map((name) => `## ${TITLES[name].title}, in parts\n\n${partsTable(name, before, runs)}${mcnemarLines(name, runs)}`),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function gatePatterns({ gates }: Study): string {
  const told = gates.filter(({ perPattern }) => perPattern);
  if (!told.length) return '';
  const patterns = Object.keys(told[0]!.perPattern!);
  return table(['per pattern', ...patterns], told.map(({ name, perPattern }) => [name, ...patterns.map((pattern) => perPattern![pattern]!.toFixed(2))]));
}

function withGain(figure: Figure, before: Figure): string {
  return `${number(figure.overall)} (${signed(figure.overall - before.overall)})`;
}

function partsTable(name: Evaluation, before: StudyRun, runs: readonly StudyRun[]): string {
  return table(['', 'before', ...runs.map(({ recipe, seed }) => `${recipe} ${seed}`)], Object.entries(before.figures[name].parts).map(([part, value]) => [part, number(value), ...runs.map((run) => number(run.figures[name].parts[part]!))]));
}

function mcnemarLines(name: Evaluation, runs: readonly StudyRun[]): string {
  const lines = runs.flatMap(({ recipe, seed, figures: { [name]: { against } } }) => (against ? [`- ${recipe}, seed ${seed}: ${against.better} turned right, ${against.worse} wrong (exact two-sided p ${against.p.toPrecision(2)})`] : []));
  return lines.length ? `\n\nAgainst the untouched model, case by case:\n\n${lines.join('\n')}` : '';
}

/** For every evaluation the mean gains of both recipes, and of feedback over control, paired over seeds and parts. */
function conclusions(before: StudyRun, runs: readonly StudyRun[]): string {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const find = (recipe: StudyRun['recipe'], seed: number): StudyRun => runs.find((run) => run.recipe === recipe && run.seed === seed)!;
  const rows = EVALUATIONS.map((name) => {
    const gain = (recipe: StudyRun['recipe']): number => mean(seeds.map((seed) => find(recipe, seed).figures[name].overall - before.figures[name].overall));
    const differences = seeds.flatMap((seed) => Object.entries(find('diva', seed).figures[name].parts).map(([part, value]) => value - find('control', seed).figures[name].parts[part]!));
    return [TITLES[name].title, signed(gain('diva')), signed(gain('control')), signed(gain('diva') - gain('control')), signFlipTest(differences).toPrecision(2)];
  });
  return `${table(['mean over seeds', 'diva', 'control', 'diva over control', 'p'], rows)}\n\np: two-sided sign-flip test of diva over control on the differences of all parts and seeds (${FLIPS} seeded flips).`;
}

const FLIPS = 20_000;

/** Share of random sign flips whose mean is as far from 0 as the differences' own. */
export function signFlipTest(differences: readonly number[]): number {
  const stream = new RandomStream(0, 'shuffle', {});
  const own = Math.abs(mean(differences)) - 1e-12;
  let asFar = 0;
  for (let i = 0; i < FLIPS; i++) if (Math.abs(mean(differences.map((value) => (stream.uniform() < 0.5 ? value : -value)))) >= own) asFar++;
  return (asFar + 1) / (FLIPS + 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
