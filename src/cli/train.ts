import { resolve } from 'node:path';
import { decodePicture } from '../data/decode-node';
import type { Skipped } from '../data/files';
import { openPath } from '../data/files-node';
import { surveyPictures } from '../data/pictures';
import { writeSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import { exportClip } from '../models/export';
import { writtenSettings, type RunSettings } from '../recipes/settings';
import { readDraws, type DrawsFile } from '../train/draws-file';
import { Trainer, type PictureSet, type Preparation, type StepMetrics } from '../train/trainer';
import packageJson from '../../package.json' with { type: 'json' };
import { openExecutor } from './executor';
import { readBytes, writeWhole } from './files';
import { fixedLocation, openClip, openDiffusion } from './model';
import { RunFolder, type RunInputs } from './run-folder';
import { missing, needed, parseTrainOptions, settingsFrom, type TrainOptions } from './train-options';

interface Job {
  readonly folder: RunFolder;
  readonly settings: RunSettings;
  readonly inputs: RunInputs;
  readonly draws: DrawsFile | undefined;
  readonly executor: Executor;
  readonly recordDraws: string | undefined;
  /** What was skipped before the run was stopped; undefined for a new run. */
  readonly before: readonly Skipped[] | undefined;
}

export interface TrainReport {
  readonly out: string;
  readonly steps: number;
  readonly loss: number | undefined;
  readonly seconds: number;
  readonly executor: string;
  readonly pictures: number;
  readonly skipped: readonly Skipped[];
}

/** `train`: tunes a CLIP by diffusion feedback and writes it as a model folder (design, section 5). */
export async function train(argv: string[]): Promise<TrainReport> {
  const options = parseTrainOptions(argv);
  const job = options.resume === undefined ? await begin(options) : await goOn(options, options.resume);
  const frozen = createNodeOrt();
  try {
    return await run(job, frozen);
  } finally {
    await frozen.dispose();
    await job.executor.dispose();
  }
}

async function begin(options: TrainOptions): Promise<Job> {
  const absolute = (path: string | undefined): string | undefined => path && resolve(path);
  const inputs = { clip: await fixedLocation(needed(options, 'clip')), diffusion: await fixedLocation(needed(options, 'diffusion')), images: absolute(options.images), draws: absolute(options.draws) };
  const out = needed(options, 'out');
  const draws = await drawsOf(inputs);
  const settings = settingsFrom(options.given, draws);
  const executor = await openExecutor(options.executor);
  return { folder: await RunFolder.create(out), settings, inputs, draws, executor, recordDraws: options.recordDraws, before: undefined };
}

/** Everything comes from the run's own run.json; what is said again must not differ. */
async function goOn(options: TrainOptions, path: string): Promise<Job> {
  const { folder, settings, inputs, executor, skipped } = await RunFolder.resume(path);
  if (options.recordDraws !== undefined) throw new UserError('--record-draws needs a run from its first step on', '--resume', 'Start the run anew with --record-draws; the same seed draws the same');
  const written = writtenSettings(settings);
  const asked = writtenSettings(settingsFrom({ ...written, ...options.given }, undefined));
  const differing = Object.keys(options.given).find((key) => asked[key] !== written[key] && key !== 'checkpoint_every');
  if (differing !== undefined) throw new UserError(`The run was started with ${differing} ${String(written[differing])}, not ${String(asked[differing])}`, folder.partial, 'Resume it as it was, or start another run');
  for (const name of ['clip', 'diffusion', 'images', 'draws'] as const) {
    if (options[name] !== undefined && (await fixedLocation(options[name])) !== inputs[name]) throw new UserError(`The run was started with --${name} ${inputs[name] ?? '(none)'}`, folder.partial, `Leave --${name} out, or start another run`);
  }
  return { folder, settings, inputs, draws: await drawsOf(inputs), executor: await openExecutor(options.executor ?? executor), recordDraws: undefined, before: skipped };
}

async function drawsOf({ draws }: RunInputs): Promise<DrawsFile | undefined> {
  return draws === undefined ? undefined : readDraws(await readBytes(draws), draws);
}

const PREPARING: Readonly<Record<Preparation, string>> = {
  models: 'reading the models', untouched: 'asking the untouched model what it must not forget', projection: 'fitting the projection to texts', step: 'compiling the step',
};

async function run(job: Job, frozen: Executor): Promise<TrainReport> {
  const { folder, settings, inputs, draws, executor } = job;
  const started = performance.now();
  const { pictures, skipped } = await picturesOf(job);
  const clip = await openClip(inputs.clip);
  const diffusion = await openDiffusion(inputs.diffusion);
  const trainer = await Trainer.create({
    clip, diffusion, pictures, settings, executor, frozen, record: job.recordDraws !== undefined, ...(draws && { draws }),
    onProgress: (what, done) => done === 0 && console.error(PREPARING[what]),
    onSkipped: (path, reason) => {
      console.error(`skipped ${path}: ${reason}`);
      if (!skipped.some((known) => known.path === path)) skipped.push({ path, reason });
    },
  });
  const writeRun = (): Promise<void> => folder.write('run.json', `${JSON.stringify(runJson(job, trainer, frozen, pictures.count, skipped), null, 2)}\n`);
  try {
    if (job.before) await restore(trainer, folder);
    await writeRun();
    const last = await steps(trainer, folder, writeRun);
    await writeResults(trainer, job);
    await folder.finish();
    return { out: folder.out, steps: trainer.done, loss: last?.loss, seconds: (performance.now() - started) / 1000, executor: executor.description, pictures: pictures.count, skipped };
  } finally {
    await trainer.dispose();
  }
}

async function picturesOf({ inputs: { images }, draws, before }: Job): Promise<{ pictures: PictureSet; skipped: Skipped[] }> {
  if (images === undefined) {
    if (!draws?.tensors.has('images') && !(draws?.tensors.has('pixel_values') && draws.tensors.has('latents'))) missing('--images');
    return { pictures: { count: 0, name: String, picture: (i) => Promise.reject(new UserError(`There is no picture ${i}`, '', 'Give --images')) }, skipped: [] };
  }
  const { pictures, skipped } = await surveyPictures(await openPath(images));
  for (const { path, reason } of skipped) console.error(`skipped ${path}: ${reason}`);
  if (!pictures.length) throw new UserError('There is no picture that can be read', images, 'Choose a folder, file or archive with JPEG, PNG or WebP pictures');
  console.error(`pictures: ${pictures.length}`);
  return { pictures: { count: pictures.length, name: (i) => pictures[i]!.path, picture: (i) => decodePicture(pictures[i]!) }, skipped: [...(before ?? skipped)] };
}

async function restore(trainer: Trainer, folder: RunFolder): Promise<void> {
  const checkpoint = await folder.lastCheckpoint();
  if (checkpoint) await trainer.restore(checkpoint);
  await folder.cutMetrics(trainer.done);
  console.error(`resuming after step ${trainer.done} of ${trainer.settings.steps}`);
}

/** All steps that are left. On SIGINT or SIGTERM the step under way is finished, a checkpoint written and the way to go on told. */
async function steps(trainer: Trainer, folder: RunFolder, writeRun: () => Promise<void>): Promise<StepMetrics | undefined> {
  const { steps: total, checkpointEvery } = trainer.settings;
  let stopping = false;
  const stop = (): void => void (stopping = true);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const report = throttled(500);
  let last: StepMetrics | undefined;
  while (trainer.done < total && !stopping) {
    last = await trainer.step();
    await folder.appendMetrics(last);
    if (last.step % checkpointEvery === 0 || last.step === total || stopping) {
      await writeRun();
      await folder.writeCheckpoint(await trainer.checkpoint());
    }
    report(last.step === total, `step ${last.step}/${total}  loss ${last.loss.toPrecision(6)}  lr ${last.lr.toExponential(2)}  grad norm ${last.gradNorm.toPrecision(4)}  ${last.seconds.toFixed(2)} s`);
  }
  process.off('SIGINT', stop).off('SIGTERM', stop);
  if (trainer.done < total) throw new UserError(`The run was stopped after step ${trainer.done} of ${total}`, '', `Go on with: npm run --silent cli -- train --resume ${folder.partial}`);
  return last;
}

async function writeResults(trainer: Trainer, { folder, draws, recordDraws }: Job): Promise<void> {
  for (const { path, bytes } of await exportClip(await trainer.tuned())) await folder.write(path, bytes);
  if (draws) await folder.write('final.safetensors', writeSafetensors(await trainer.parameters()));
  if (recordDraws === undefined) return;
  const { tensors, metadata } = await trainer.recorded();
  await writeWhole(recordDraws, writeSafetensors(tensors, metadata));
}

function runJson({ settings, inputs, executor }: Job, trainer: Trainer, frozen: Executor, pictures: number, skipped: readonly Skipped[]): Record<string, unknown> {
  return {
    seebetter: packageJson.version,
    settings: writtenSettings(settings),
    condition: trainer.condition,
    executor: executor.kind,
    adapter: executor.description,
    frozen: frozen.description,
    versions: { node: process.versions.node, platform: `${process.platform} ${process.arch}` },
    inputs,
    pictures,
    skipped,
  };
}

/** Prints at most every so many milliseconds, and what is said to be last. */
function throttled(interval: number): (last: boolean, line: string) => void {
  let printed = -Infinity;
  return (last, line) => {
    if (!last && performance.now() - printed < interval) return;
    printed = performance.now();
    console.error(line);
  };
}
