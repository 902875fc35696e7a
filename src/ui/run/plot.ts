import uPlot from 'uplot';
import { formatNumber } from '../../state/format';
import type { Series } from '../../state/series';
import { axisEnd, type Line } from './columns';

interface PlotSetup {
  readonly host: HTMLElement;
  readonly lines: readonly Line[];
  readonly height: number;
  /** Steps of the run, for the axis. */
  readonly steps: () => number;
  /** Whether the value axis starts at nothing. */
  readonly fromZero: boolean;
  /** The step under the pointer, as an index into the series. */
  readonly onHover: (index: number | undefined) => void;
}

const AXIS_FONT = '11px system-ui, sans-serif';
const VALUE_AXIS_WIDTH = 62;

export function columnsOf(series: Series, lines: readonly Line[]): uPlot.AlignedData {
  return [series.step, ...lines.map((line) => series[line.column])];
}

/** A chart of columns over the steps, in the colours that the page has at this moment. */
export function createPlot({ host, lines, height, steps, fromZero, onHover }: PlotSetup): uPlot {
  const colours = getComputedStyle(host);
  const colour = (name: string): string => colours.getPropertyValue(name).trim();
  const axis: uPlot.Axis = { stroke: colour('--sb-muted'), font: AXIS_FONT, grid: { stroke: colour('--sb-grid'), width: 1 }, ticks: { show: false } };
  const range: uPlot.Scale.Range = fromZero ? (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] : (_plot, min, max) => paddedRange(min, max);
  const options: uPlot.Options = {
    width: host.clientWidth, height,
    legend: { show: false },
    cursor: { sync: { key: 'run' }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: false, range: (plot) => [1, axisEnd(plot.data[0]?.at(-1) ?? 0, steps())] }, y: { range } },
    axes: [
      { ...axis, size: 24, space: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000] },
      { ...axis, size: VALUE_AXIS_WIDTH, space: 28, values: (_plot, ticks) => ticks.map(formatTick) },
    ],
    series: [{}, ...lines.map((line): uPlot.Series => ({ label: line.label, stroke: colour(line.colour), width: line.width, points: { show: (plot) => (plot.data[0]?.length ?? 0) < 3, size: 5 } }))],
    hooks: { setCursor: [(plot) => onHover(plot.cursor.idx ?? undefined)] },
  };
  return new uPlot(options, lines.length ? [[], ...lines.map(() => [])] : [[]], host);
}

/** Shorter than a read-out: uPlot's ticks are round. */
function formatTick(tick: number): string {
  const text = formatNumber(tick);
  return text.includes('e') ? text.replace(/\.?0+e/, 'e') : String(Number(tick.toPrecision(6)));
}

function paddedRange(min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const room = max > min ? 0.1 * (max - min) : Math.max(Math.abs(max) * 0.1, 1e-6);
  return [min - room, max + room];
}
