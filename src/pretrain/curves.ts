import { z } from 'zod';
import { parseJson } from '../data/json';
import { STAGES, type StageName } from './config';

const rowSchema = z.record(z.string(), z.number()).and(z.object({ step: z.number() }));
type Row = z.infer<typeof rowSchema>;

interface Panel {
  readonly title: string;
  /** What stands over the steps. */
  readonly value: (row: Row) => number;
  readonly logarithmic: boolean;
}

const PANELS: Readonly<Record<StageName, Panel>> = {
  'clip-text': { title: 'clip-text: contrastive loss', value: (row) => row['contrastive']!, logarithmic: true },
  'clip-vision': { title: 'clip-vision: contrastive loss', value: (row) => row['loss']!, logarithmic: true },
  // Pixels reach from -1 to 1.
  vae: { title: 'vae: PSNR of training pictures, dB', value: (row) => -10 * Math.log10(row['error']! / 4), logarithmic: false },
  unet: { title: 'unet: squared error of the noise', value: (row) => row['denoising']!, logarithmic: true },
};

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [360, 180, 46, 24, 10, 22];

interface Line {
  /** Step and value, in the order of steps. */
  readonly points: readonly (readonly [step: number, value: number])[];
  readonly colour: string;
}

export interface Chart {
  readonly title: string;
  readonly logarithmic: boolean;
  readonly lines: readonly Line[];
}

/** The stages' training curves as an SVG. @param logs the text of `<stage>.jsonl`, a line a report */
export function curvesSvg(logs: Readonly<Record<StageName, string>>): string {
  return chartsSvg(STAGES.map((stage) => {
    const rows = logs[stage].split('\n').filter(Boolean).map((line, at) => parseJson(line, `${stage}.jsonl, line ${at + 1}`, rowSchema));
    const { title, value, logarithmic } = PANELS[stage];
    return { title: `${title}${logarithmic ? ' (logarithmic)' : ''}`, logarithmic, lines: [{ points: rows.map((row) => [row.step, value(row)] as const), colour: '#2166ac' }] };
  }));
}

/** Charts in rows of two. */
export function chartsSvg(charts: readonly Chart[]): string {
  const panels = charts.map((chart, i) => `<g transform="translate(${(i % 2) * WIDTH} ${Math.floor(i / 2) * HEIGHT})">${panelOf(chart)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * WIDTH}" height="${Math.ceil(charts.length / 2) * HEIGHT}" font-family="sans-serif" font-size="10" fill="#333"><rect width="100%" height="100%" fill="#fff"/>${panels.join('')}</svg>\n`;
}

function panelOf({ title, logarithmic, lines }: Chart): string {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const [least, most, last] = [Math.min(...values), Math.max(...values), Math.max(...lines.map(({ points }) => points.at(-1)![0]))];
  const scale = logarithmic ? Math.log : (height: number) => height;
  const x = (step: number): string => (LEFT + ((WIDTH - LEFT - RIGHT) * step) / last).toFixed(1);
  const y = (height: number): string => (HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (scale(height) - scale(least))) / (scale(most) - scale(least) || 1)).toFixed(1);
  const marks = [least, most].map((height) => `<text x="${LEFT - 4}" y="${y(height)}" text-anchor="end" dy="3">${height.toPrecision(3)}</text>`).join('');
  const frame = `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="#999"/>`;
  const steps = `<text x="${LEFT}" y="${HEIGHT - 8}">0</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">step ${last}</text>`;
  const drawn = lines.map(({ points, colour }) => `<polyline points="${points.map(([step, value]) => `${x(step)},${y(value)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.2"/>`).join('');
  return `<text x="${LEFT}" y="14" font-weight="bold">${title}</text>${frame}${marks}${steps}${drawn}`;
}
