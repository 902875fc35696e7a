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

/** The stages' training curves as an SVG. @param logs the text of `<stage>.jsonl`, a line a report */
export function curvesSvg(logs: Readonly<Record<StageName, string>>): string {
  const panels = STAGES.map((stage, i) => {
    const rows = logs[stage].split('\n').filter(Boolean).map((line, at) => parseJson(line, `${stage}.jsonl, line ${at + 1}`, rowSchema));
    return `<g transform="translate(${(i % 2) * WIDTH} ${Math.floor(i / 2) * HEIGHT})">${panelOf(PANELS[stage], rows)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * WIDTH}" height="${2 * HEIGHT}" font-family="sans-serif" font-size="10" fill="#333"><rect width="100%" height="100%" fill="#fff"/>${panels.join('')}</svg>\n`;
}

function panelOf({ title, value, logarithmic }: Panel, rows: readonly Row[]): string {
  const values = rows.map(value);
  const [least, most, last] = [Math.min(...values), Math.max(...values), rows.at(-1)!.step];
  const scale = logarithmic ? Math.log : (height: number) => height;
  const x = (step: number): string => (LEFT + ((WIDTH - LEFT - RIGHT) * step) / last).toFixed(1);
  const y = (height: number): string => (HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (scale(height) - scale(least))) / (scale(most) - scale(least) || 1)).toFixed(1);
  const points = rows.map((row, i) => `${x(row.step)},${y(values[i]!)}`).join(' ');
  const marks = [least, most].map((height) => `<text x="${LEFT - 4}" y="${y(height)}" text-anchor="end" dy="3">${height.toPrecision(3)}</text>`).join('');
  const frame = `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="#999"/>`;
  const steps = `<text x="${LEFT}" y="${HEIGHT - 8}">0</text><text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">step ${last}</text>`;
  return `<text x="${LEFT}" y="14" font-weight="bold">${title}${logarithmic ? ' (logarithmic)' : ''}</text>${frame}${marks}${steps}<polyline points="${points}" fill="none" stroke="#2166ac" stroke-width="1.2"/>`;
}
