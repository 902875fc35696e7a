import { EVALUATIONS, RECIPES, type Evaluation, type Figure, type Recipe, type Study, type StudyRun } from './study-runs';
import { FLIPS, mean, signFlipTest, standardDeviation } from './study-statistics';

const TITLES: Readonly<Record<Evaluation, { readonly title: string; readonly note: string; readonly cases: string }>> = {
  pairs: { title: 'Pair score', note: 'MMVP-nano, official rule: a pair counts if both statements prefer their own picture; mean of the patterns', cases: 'pairs' },
  readout: { title: 'Attribute read-out', note: 'linear probes on the class embedding, frozen protocol', cases: 'attributes of pictures' },
  'zero-shot': { title: 'Zero-shot', note: 'top-1, mean of 27 generated sets', cases: 'pictures' },
  retrieval: { title: 'Retrieval', note: 'R@1, mean of both sets and directions', cases: 'queries, at rank 1' },
  segmentation: { title: 'Segmentation', note: 'training free, patch to text, mIoU', cases: 'pictures whose own mIoU rose or fell' },
  'segmentation-probe': { title: 'Segmentation, probe', note: 'a linear probe on patch tokens, mIoU', cases: 'pictures whose own mIoU rose or fell' },
  vqa: { title: 'Questions', note: 'a small reader on frozen vision tokens, yes/no questions on pairs: both answers right', cases: 'pairs' },
};

type Comparison = readonly [recipe: Recipe, other: Recipe];

/** What the goals are asked of. */
const CONTROLLED: readonly Comparison[] = [['diva', 'control'], ['diva+realign', 'control+realign']];
const COMPARED: readonly Comparison[] = [...CONTROLLED, ['diva+realign', 'realign']];

const number = (value: number): string => value.toFixed(1);
const signed = (value: number): string => `${value >= 0 ? '+' : '-'}${Math.abs(value).toFixed(1)}`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** docs/nano-study.md. @param reading what a person has to say of these runs */
export function renderStudy(study: Study, reading = ''): string {
  const results = new Results(study.runs);
  const sections = [
    '# Diffusion feedback on nano-CLIP',
    'Written by `npm run study` from `docs/nano-study.json`; `npm run study -- --rerun` trains and measures everything anew. Figures are percentages; differences are points against the untouched model.',
    '## Goals',
    goals(results),
    reading.trim(),
    '## Settings',
    `Machine: ${study.machine}. Settings (preset \`nano\`, and those of the realignment): \`${JSON.stringify(study.settings)}\`. \`control\` is the same run with the latents of another picture of the batch. \`+realign\` is a recipe of its own: after either, the text tower is aligned again on CLIP's own captions, the vision tower frozen; \`realign\` is that alone, without any feedback.`,
    '## Gates, measured before any tuning',
    table(['gate', 'figure', 'at least', ''], study.gates.map(({ name, value, least, passed }) => [name, value.toFixed(3), String(least), passed ? 'passed' : '**missed**'])),
    gatePatterns(study),
    '## All evaluations, run by run',
    runsTable(results),
    EVALUATIONS.map((name) => `- ${TITLES[name].title}: ${TITLES[name].note}.`).join('\n'),
    '## Recipes against each other',
    ...comparisons(results),
    '## Case by case against the untouched model',
    mcnemarTable(results),
    `Turned right / turned wrong (McNemar's exact two-sided p). Cases: ${EVALUATIONS.map((name) => `${TITLES[name].title.toLowerCase()}: ${TITLES[name].cases}`).join('; ')}.`,
    ...EVALUATIONS.map((name) => `## ${TITLES[name].title}, in parts\n\n${partsTable(name, results)}`),
    '## Training',
    '![Loss of every run, mean of 15 steps](nano-study.svg)',
    '## Cost',
    costTable(results),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** The runs by recipe and seed. */
class Results {
  readonly before: StudyRun;
  readonly tuned: readonly StudyRun[];
  /** Recipes that have runs. */
  readonly recipes: readonly Recipe[];

  constructor(runs: readonly StudyRun[]) {
    [this.before, ...this.tuned] = runs as [StudyRun, ...StudyRun[]];
    this.recipes = RECIPES.filter((recipe) => this.of(recipe).length);
  }

  of(recipe: Recipe): StudyRun[] {
    return this.tuned.filter((run) => run.recipe === recipe);
  }

  /** Of each seed. */
  gains(recipe: Recipe, value: (run: StudyRun) => number): number[] {
    return this.of(recipe).map((run) => value(run) - value(this.before));
  }

  /** Both recipes' runs of each seed that has both. */
  paired(recipe: Recipe, other: Recipe): (readonly [StudyRun, StudyRun])[] {
    return this.of(recipe).flatMap((run) => this.of(other).filter(({ seed }) => seed === run.seed).map((twin) => [run, twin] as const));
  }
}

const overall = (name: Evaluation) => (run: StudyRun): number => run.figures[name].overall;
const kinds = (run: StudyRun): number => run.figures['zero-shot'].parts['kinds']!;

const LEAST = { readout: 5, p: 0.05, kept: 0.5, pairs: 3 } as const;

/** What was to be reached, by both recipes, against what was. */
function goals(results: Results): string {
  const rows = CONTROLLED.filter(([recipe, control]) => results.paired(recipe, control).length).flatMap(([recipe, control]) => {
    const gain = (value: (run: StudyRun) => number, of: Recipe = recipe): number => mean(results.gains(of, value));
    const readout = gain(overall('readout')) - gain(overall('readout'), control);
    const p = signFlipTest(differences(results, recipe, control, 'readout'));
    const [pairs, pairsOfControl] = [gain(overall('pairs')), gain(overall('pairs'), control)];
    const row = (goal: string, figure: string, reached: boolean): string[] => [recipe, goal, figure, reached ? 'reached' : '**not reached**'];
    const kept = (name: string, change: number): string[] => [recipe, `${name} within ${LEAST.kept}`, signed(change), change > LEAST.kept ? 'better' : change < -LEAST.kept ? '**not reached**' : 'reached'];
    return [
      row(`attribute read-out over control at least +${LEAST.readout}, p < ${LEAST.p}`, `${signed(readout)} (p ${p.toPrecision(2)})`, readout >= LEAST.readout && p < LEAST.p),
      kept('kinds, zero-shot,', gain(kinds)),
      kept('retrieval', gain(overall('retrieval'))),
      row(`pair score at least +${LEAST.pairs}, the control's gain below half of it`, `${signed(pairs)} (control ${signed(pairsOfControl)})`, pairs >= LEAST.pairs && pairsOfControl < pairs / 2),
    ];
  });
  const seeds = Math.max(0, ...results.recipes.map((recipe) => results.of(recipe).length));
  return `${table(['recipe', 'goal', 'figure', ''], rows)}\n\nMeans over ${seeds} seed${seeds === 1 ? '' : 's'}, on the test set.`;
}

function gatePatterns({ gates }: Study): string {
  const told = gates.filter(({ perPattern }) => perPattern);
  if (!told.length) return '';
  const patterns = Object.keys(told[0]!.perPattern!);
  return table(['per pattern', ...patterns], told.map(({ name, perPattern }) => [name, ...patterns.map((pattern) => perPattern![pattern]!.toFixed(2))]));
}

function runsTable({ before, tuned }: Results): string {
  const withGain = (figure: Figure, was: Figure): string => `${number(figure.overall)} (${signed(figure.overall - was.overall)})`;
  return table(['run', ...EVALUATIONS.map((name) => TITLES[name].title)], [
    ['before', ...EVALUATIONS.map((name) => number(before.figures[name].overall))],
    ...tuned.map((run) => [nameOf(run), ...EVALUATIONS.map((name) => withGain(run.figures[name], before.figures[name]))]),
  ]);
}

/** For every evaluation the mean gains of two recipes, and of the one over the other, paired over seeds and parts. */
function comparisons(results: Results): string[] {
  const tables = COMPARED.filter(([recipe, other]) => results.paired(recipe, other).length).map(([recipe, other]) => {
    const rows = EVALUATIONS.map((name) => {
      const [gain, others] = [recipe, other].map((one) => mean(results.gains(one, overall(name)))) as [number, number];
      return [TITLES[name].title, signed(gain), signed(others), signed(gain - others), signFlipTest(differences(results, recipe, other, name)).toPrecision(2)];
    });
    return table(['mean over seeds', recipe, other, 'difference', 'p'], rows);
  });
  return tables.length ? [...tables, `p: two-sided sign-flip test of the differences of all parts and seeds (${FLIPS} seeded flips).`] : [];
}

/** Of every part and seed. */
function differences(results: Results, recipe: Recipe, other: Recipe, name: Evaluation): number[] {
  return results.paired(recipe, other).flatMap(([run, twin]) => Object.entries(run.figures[name].parts).map(([part, value]) => value - (twin.figures[name].parts[part] ?? 0)));
}

function mcnemarTable({ tuned }: Results): string {
  const cell = ({ against }: Figure): string => (against ? `${against.better} / ${against.worse} (${against.p.toPrecision(2)})` : '');
  return table(['run', ...EVALUATIONS.map((name) => TITLES[name].title)], tuned.map((run) => [nameOf(run), ...EVALUATIONS.map((name) => cell(run.figures[name]))]));
}

/** Every recipe's mean over the seeds, with their standard deviation. */
function partsTable(name: Evaluation, results: Results): string {
  const spread = (values: readonly number[]): string => `${number(mean(values))} ± ${number(standardDeviation(values))}`;
  return table(['', 'before', ...results.recipes], Object.entries(results.before.figures[name].parts).map(([part, value]) => [
    part, number(value), ...results.recipes.map((recipe) => spread(results.of(recipe).map((run) => run.figures[name].parts[part] ?? 0))),
  ]));
}

function costTable({ before, tuned }: Results): string {
  const steps = [...new Set([before, ...tuned].flatMap(({ seconds }) => Object.keys(seconds.evaluations)))];
  const row = (name: string, { seconds }: StudyRun): string[] => [name, number(seconds.training), ...steps.map((step) => number(seconds.evaluations[step] ?? 0))];
  return `${table(['seconds', 'training', ...steps], [row('before', before), ...tuned.map((run) => row(nameOf(run), run))])}\n\nOf a realigned model, training is the realignment alone. Evaluations work in two processes beside each other.`;
}

function nameOf({ recipe, seed }: StudyRun): string {
  return `${recipe}, seed ${seed}`;
}
