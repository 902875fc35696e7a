import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNodeOrt } from '../executors/ort-node';
import { UserError } from '../ir/errors';
import type { Folder } from '../pretrain/checkpoint';
import { fullConfig, smokeConfig, STAGES, type StageName } from '../pretrain/config';
import { pretrain, type Progress } from '../pretrain/run';
import { writeWhole } from './files';

const HELP = `usage: npm run pretrain -- [options]
  --out DIR      checkpoints and logs (pretrained)
  --stage NAME   only this one of ${STAGES.join(', ')}; may be given several times
  --seed N       (1)
  --threads N    threads of ONNX Runtime (one a core)
  --smoke        a few steps of everything
`;

const SAVE_EVERY = 180;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string' }, stage: { type: 'string', multiple: true }, seed: { type: 'string', default: '1' }, threads: { type: 'string' },
      smoke: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const seed = wholeNumber(values.seed, '--seed', 0, 2 ** 52);
  const config = values.smoke ? smokeConfig(seed) : fullConfig(seed);
  const folder = await openFolder(values.out ?? (values.smoke ? 'pretrained/smoke' : 'pretrained'));
  const executor = createNodeOrt(values.threads === undefined ? undefined : wholeNumber(values.threads, '--threads', 1, 256));
  let stopped = false;
  process.once('SIGINT', () => (stopped = true));
  process.once('SIGTERM', () => (stopped = true));
  await pretrain({ config, folder, executor, stages: stagesOf(values.stage), saveEvery: SAVE_EVERY, onProgress: report, stopped: () => stopped });
  if (stopped) console.error('\nstopped; the same command goes on from here');
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
