import type { Series } from '../../state/series';

/** One line of a chart: a column of the series and how it is drawn. */
export interface Line {
  readonly column: Exclude<keyof Series, 'step'>;
  readonly label: string;
  /** CSS variable of its colour. */
  readonly colour: string;
  readonly width: number;
}

/** Right end of the step axis: grows in few, calm jumps and never beyond the run. */
export function axisEnd(done: number, steps: number): number {
  const least = Math.max(10, done);
  const power = 10 ** Math.floor(Math.log10(least));
  const end = [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= least)!;
  return Math.max(2, steps > 0 ? Math.min(end, steps) : end);
}
