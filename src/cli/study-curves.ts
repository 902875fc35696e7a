import { chartsSvg, type Chart } from '../pretrain/curves';
import { RECIPES, type Recipe, type Study } from './study-runs';

/** Steps that a point is the mean of: single losses are those of a handful of timesteps and noises. */
const WINDOW = 15;
const COLOURS: Readonly<Record<Recipe, string>> = { diva: '#2166ac', control: '#b2182b', realign: '#666', 'diva+realign': '#2166ac', 'control+realign': '#b2182b' };
const PANELS: readonly { readonly title: string; readonly recipes: readonly Recipe[] }[] = [
  { title: 'noise error of diva (blue), control (red)', recipes: ['diva', 'control'] },
  { title: 'realigned after diva (blue), control (red), alone (grey)', recipes: RECIPES.filter((recipe) => recipe.endsWith('realign')) },
];

/** docs/nano-study.svg: a line a seed. */
export function renderCurves({ runs }: Study): string {
  const lines = (recipe: Recipe): Chart['lines'] => runs.filter((run) => run.recipe === recipe).map(({ losses }) => ({ colour: COLOURS[recipe], points: smoothed(losses) }));
  return chartsSvg(PANELS.map(({ title, recipes }) => ({ title, logarithmic: false, lines: recipes.flatMap(lines) })).filter((chart) => chart.lines.length));
}

function smoothed(losses: readonly number[]): (readonly [number, number])[] {
  return losses.slice(WINDOW - 1).map((_, i) => [i + WINDOW, losses.slice(i, i + WINDOW).reduce((sum, loss) => sum + loss, 0) / WINDOW]);
}
