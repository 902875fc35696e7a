import { openPath } from '../data/files-node';
import { createNodeOrt } from '../executors/ort-node';
import { loadClip } from '../models/clip';
import { createEncoder } from '../models/encoder';
import { Measurer, type MeasureName } from './study-measures';
import type { Evaluation, Figure } from './study-runs';

/** What the study asks a process like this one. */
export interface MeasureOrder {
  /** The model's folder, and that of the model it is compared with; the same for that one itself. */
  readonly clip: string;
  readonly baseline: string;
}

/** An evaluation is done, or all of them have failed. */
export type MeasureReply = { readonly name: MeasureName; readonly seconds: number; readonly figures: Partial<Record<Evaluation, Figure>> } | { readonly error: string };

/** The evaluations of this process: its arguments. */
const names = process.argv.slice(2) as MeasureName[];
const measurer = new Measurer(names);
// Processes stand side by side: each takes one core.
const executor = createNodeOrt(1);
let baselineDone = false;

async function answer({ clip, baseline }: MeasureOrder): Promise<void> {
  const untouched = clip === baseline;
  if (!untouched && !baselineDone) await measureAll(baseline, true, () => undefined);
  await measureAll(clip, untouched, (reply) => void process.send!(reply));
}

async function measureAll(folder: string, untouched: boolean, tell: (reply: MeasureReply) => void): Promise<void> {
  const model = await loadClip(await openPath(folder));
  const encoder = await createEncoder(model, executor);
  for (const name of names) {
    const started = performance.now();
    const figures = await measurer.measure(name, { clip: model, executor, encoder }, untouched);
    tell({ name, seconds: (performance.now() - started) / 1000, figures });
  }
  await encoder.dispose();
  if (untouched) baselineDone = true;
}

process.on('message', (order: MeasureOrder) => void answer(order).catch((error: unknown) => process.send!({ error: error instanceof Error ? error.message : String(error) } satisfies MeasureReply)));
process.on('disconnect', () => process.exit());
