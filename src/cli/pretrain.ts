import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { openPath } from '../data/files-node';
import type { Executor } from '../executors/executor';
import { createNodeOrt } from '../executors/ort-node';
import { UserError } from '../ir/errors';
import { loadClip } from '../models/clip';
import { loadDiffusion } from '../models/diffusion';
import type { ExportedFile } from '../models/export';
import { finishedWeights, type Folder } from '../pretrain/checkpoint';
import { fullConfig, smokeConfig, STAGES, type PretrainConfig, type StageName } from '../pretrain/config';
import { clipFiles, diffusionFiles } from '../pretrain/export';
import { clipGates, diffusionGates, GATE_SIZES, type Gate } from '../pretrain/gates';
import { pretrain, type Progress } from '../pretrain/run';
import { writeWhole } from './files';
import { writeCurves, writeRecord, writeSheets } from './pretrain-evidence';

const HELP = `usage: npm run pretrain -- [options]
  --out DIR      checkpoints and logs (pretrained)
  --stage NAME   only this one of ${STAGES.join(', ')}; may be given several times
  --seed N       (1)
  --threads N    threads of ONNX Runtime (one a core)
  --smoke        a few steps of everything
  --export       write nano-clip, then nano-sd, from the finished stages, and end
  --gates        measure nano-clip and nano-sd (those that there are) against their gates, as JSON, and end
  --sheets DIR   draw what nano-SD reconstructs and what it draws under captions (reconstructions.png, samples.png) into DIR, and end
  --record DIR   write what docs/pretraining/check.py measures the models again on, and our figures, into DIR, and end
  --curves DIR   draw the logs in DIR as curves.svg, and end
  --models DIR   where the models lie (public/models)
`;

const SAVE_EVERY = 180;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string' }, stage: { type: 'string', multiple: true }, seed: { type: 'string', default: '1' }, threads: { type: 'string' },
      smoke: { type: 'boolean', default: false }, export: { type: 'boolean', default: false }, gates: { type: 'boolean', default: false }, sheets: { type: 'string' }, record: { type: 'string' }, curves: { type: 'string' }, models: { type: 'string', default: 'public/models' }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const executor = createNodeOrt(values.threads === undefined ? undefined : wholeNumber(values.threads, '--threads', 1, 256));
  if (values.gates) return measure(values.models, executor);
  if (values.curves !== undefined) return writeCurves(values.curves);
  if (values.sheets !== undefined) return writeSheets(values.models, values.sheets, executor);
  if (values.record !== undefined) return writeRecord(values.models, values.record, executor);
  const seed = wholeNumber(values.seed, '--seed', 0, 2 ** 52);
  const config = values.smoke ? smokeConfig(seed) : fullConfig(seed);
  const folder = await openFolder(values.out ?? (values.smoke ? 'pretrained/smoke' : 'pretrained'));
  if (values.export) return writeModels(values.models, { config, folder, executor });
  let stopped = false;
  process.once('SIGINT', () => (stopped = true));
  process.once('SIGTERM', () => (stopped = true));
  await pretrain({ config, folder, executor, stages: stagesOf(values.stage), saveEvery: SAVE_EVERY, onProgress: report, stopped: () => stopped });
  if (stopped) console.error('\nstopped; the same command goes on from here');
}

interface Trained {
  readonly config: PretrainConfig;
  readonly folder: Folder;
  readonly executor: Executor;
}

/** Writes nano-CLIP, then nano-SD; refuses the one whose stages are not finished. */
async function writeModels(to: string, { config, folder, executor }: Trained): Promise<void> {
  const weights = (stage: StageName) => finishedWeights(folder, config, stage);
  const text = await weights('clip-text');
  const write = async (name: string, files: readonly ExportedFile[]): Promise<void> => {
    for (const { path, bytes } of files) {
      await mkdir(dirname(join(to, name, path)), { recursive: true });
      await writeWhole(join(to, name, path), bytes);
    }
    console.error(`${join(to, name)}: ${(files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6).toFixed(2)} MB`);
  };
  await write('nano-clip', await clipFiles(config, text, await weights('clip-vision')));
  await write('nano-sd', await diffusionFiles(config, executor, text, await weights('vae'), await weights('unet')));
}

/** Prints the gates of the models in a folder; fails if one is missed. */
async function measure(models: string, executor: Executor): Promise<void> {
  const gates: Gate[] = [];
  if (existsSync(join(models, 'nano-clip'))) gates.push(...(await clipGates(await loadClip(await openPath(join(models, 'nano-clip'))), executor, GATE_SIZES)));
  if (existsSync(join(models, 'nano-sd'))) gates.push(...(await diffusionGates(await loadDiffusion(await openPath(join(models, 'nano-sd'))), executor, GATE_SIZES)));
  if (!gates.length) throw new UserError('There is neither nano-clip nor nano-sd', models, 'Write them with --export');
  console.log(JSON.stringify(gates, (_, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(4)) : value), 1));
  if (gates.some(({ passed }) => !passed)) process.exitCode = 2;
}

/** A folder on disk, made if it is not there. */
async function openFolder(name: string): Promise<Folder> {
  await mkdir(name, { recursive: true });
  return {
    name,
    read: async (file) => {
      try {
        return await readFile(join(name, file));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new UserError(`The file cannot be read (${(error as NodeJS.ErrnoException).code})`, join(name, file), 'Check who may read it');
      }
    },
    write: (file, contents) => writeWhole(join(name, file), contents),
  };
}

function stagesOf(given: readonly string[] | undefined): readonly StageName[] {
  const strange = given?.find((name) => !(STAGES as readonly string[]).includes(name));
  if (strange !== undefined) throw new UserError(`There is no stage "${strange}"`, '--stage', `Use one of ${STAGES.join(', ')}`);
  return given ? STAGES.filter((stage) => given.includes(stage)) : STAGES;
}

function wholeNumber(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new UserError(`"${text}" is no whole number from ${least} to ${most}`, option, 'Give another one');
}

/** One line, renewed in place on a terminal. */
function report({ stage, step, steps, values, seconds }: Progress): void {
  const shown = Object.entries(values).map(([key, value]) => `${key} ${value.toPrecision(4)}`).join('  ');
  const line = `${stage} ${step}/${steps}  ${shown}  ${seconds.toFixed(2)} s a step  ${timeLeft((steps - step) * seconds)} left`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}\x1b[K${step === steps ? '\n' : ''}` : `${line}\n`);
}

function timeLeft(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof UserError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  console.error(`error: ${known ? (error as Error).message.replace(/\s+/g, ' ') : `this is a bug of SeeBetter: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`}`);
  process.exitCode = 1;
});
