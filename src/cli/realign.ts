import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { parseJson } from '../data/json';
import { embedPictures, reading } from '../eval/embed';
import { nanoCaptions } from '../eval/nano/realigned';
import type { RetrievalSet } from '../eval/retrieval';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { ClipModel } from '../models/clip';
import { exportClip } from '../models/export';
import { realign as align, REALIGN, type CaptionedEmbeddings, type RealignMetrics } from '../train/realign';
import { captionedIn } from './eval-retrieval';
import { openExecutor } from './executor';
import { writeWhole } from './files';
import { fixedLocation, openClip } from './model';
import { requireFree } from './run-folder';
import { fromText } from '../train/draws-file';

const USAGE = 'Give realign --clip DIR (--images FOLDER_WITH_CAPTIONS | --nano) --steps N --lr X --seed S --out DIR';

export interface RealignReport {
  readonly out: string;
  readonly steps: number;
  readonly pictures: number;
  readonly captions: number;
  /** Of the first and the last step. */
  readonly first_loss: number;
  readonly loss: number;
  readonly executor: string;
  /** Of the alignment, pictures' embeddings included. */
  readonly seconds: number;
}

const settingsSchema = z.object({ steps: z.int().min(1).max(1e6).default(REALIGN.steps), lr: z.number().positive().max(1).default(REALIGN.lr), seed: z.int().min(0).default(1) });

/** `realign`: aligns a model's text tower with its vision tower again, and writes it as a model folder. */
export async function realign(argv: string[]): Promise<RealignReport> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: argv, options: { clip: text, images: text, nano: { type: 'boolean' }, steps: text, lr: text, seed: text, out: text, executor: text } });
  const { clip: folder, images, nano, out } = values;
  if (folder === undefined || out === undefined) throw new UserError(`${folder === undefined ? '--clip' : '--out'} is missing`, 'realign', USAGE);
  if ((images === undefined) === !nano) throw new UserError(nano ? 'Both --images and --nano are given' : 'No pictures are given', 'realign', USAGE);
  const given = (['steps', 'lr', 'seed'] as const).flatMap((key) => (values[key] === undefined ? [] : [[key, fromText(values[key])] as const]));
  const settings = { ...parseJson(JSON.stringify(Object.fromEntries(given)), 'realign', settingsSchema), batch: REALIGN.batch };
  await requireFree(out);
  const set = images === undefined ? nanoCaptions() : await captionedIn(images);
  const location = await fixedLocation(folder);
  const clip = await openClip(location);
  const executor = await openExecutor(values.executor);
  try {
    const started = performance.now();
    const captioned = { embeddings: await embeddingsOf(clip, set, executor), captions: set.captions };
    const history: RealignMetrics[] = [];
    const aligned = await align(clip, captioned, settings, executor, (metrics) => {
      history.push(metrics);
      if (metrics.step % 10 === 0 || metrics.step === settings.steps) console.error(`step ${metrics.step}/${settings.steps}  loss ${metrics.loss.toPrecision(6)}  lr ${metrics.lr.toExponential(2)}`);
    });
    const report: RealignReport = {
      out: resolve(out), steps: settings.steps, pictures: set.pictures.length, captions: set.captions.length, first_loss: history[0]!.loss, loss: history.at(-1)!.loss,
      executor: executor.description, seconds: (performance.now() - started) / 1000,
    };
    await writeModel(aligned, out, { 'realign.json': `${JSON.stringify({ clip: location, data: images === undefined ? 'nano' : resolve(images), ...settings, ...report }, null, 2)}\n`, 'metrics.jsonl': history.map(({ step, loss, lr, gradNorm }) => `${JSON.stringify({ step, loss, lr, grad_norm: gradNorm })}\n`).join('') });
    return report;
  } finally {
    await executor.dispose();
  }
}

function embeddingsOf(clip: ClipModel, { pictures }: RetrievalSet, executor: Executor): Promise<CaptionedEmbeddings['embeddings']> {
  return reading(clip, executor, (reader) => embedPictures(reader, pictures, (done, total) => console.error(`${clip.name}: ${done} of ${total} pictures`)));
}

/** Writes the folder whole or not at all. */
async function writeModel(clip: ClipModel, out: string, others: Readonly<Record<string, string>>): Promise<void> {
  const partial = `${resolve(out)}.partial`;
  await rm(partial, { recursive: true, force: true });
  const files = [...(await exportClip(clip, 'text')), ...Object.entries(others).map(([path, bytes]) => ({ path, bytes }))];
  for (const { path, bytes } of files) {
    await mkdir(dirname(join(partial, path)), { recursive: true });
    await writeWhole(join(partial, path), bytes);
  }
  await rmdir(out).catch(() => undefined);
  await rename(partial, resolve(out));
}
