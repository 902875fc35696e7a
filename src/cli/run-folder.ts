import { mkdir, open, readdir, readFile, rename, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Skipped } from '../data/files';
import { parseJson } from '../data/json';
import { UserError } from '../ir/errors';
import { parseSettings, type RunSettings } from '../recipes/settings';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from '../train/checkpoint';
import type { StepMetrics } from '../train/trainer';
import { writeWhole } from './files';

const PARTIAL = '.partial';

/** Where a run's parts came from: absolute paths, or commits on the hub. */
export interface RunInputs {
  readonly clip: string;
  readonly diffusion: string;
  readonly images?: string | undefined;
  readonly draws?: string | undefined;
}

const runSchema = z.object({
  seebetter: z.string(),
  settings: z.unknown(),
  executor: z.string(),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  inputs: z.object({ clip: z.string(), diffusion: z.string(), images: z.string().optional(), draws: z.string().optional() }),
});

/** Throws a UserError unless the folder is empty or not there. */
export async function requireFree(out: string): Promise<void> {
  const there = await readdir(resolve(out)).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : undefined));
  if (there?.length !== 0) throw new UserError('The output folder exists and is not empty', out, 'Choose another --out, or remove it');
}

/** The folder of a run: `<out>.partial` until all of it is there, then `<out>`. */
export class RunFolder {
  private constructor(
    readonly out: string,
    readonly partial: string,
  ) {}

  /** A folder for a new run. Throws a UserError where something is already. */
  static async create(out: string): Promise<RunFolder> {
    const folder = RunFolder.of(out);
    await requireFree(out);
    if (await exists(folder.partial)) throw new UserError('An unfinished run stands here', folder.partial, `Go on with --resume ${folder.partial}, choose another --out, or remove it`);
    await mkdir(join(folder.partial, 'checkpoints'), { recursive: true });
    return folder;
  }

  /** The folder of an unfinished run, and what its run.json says. */
  static async resume(path: string): Promise<{ folder: RunFolder; settings: RunSettings; executor: string; inputs: RunInputs; skipped: readonly Skipped[] }> {
    const folder = RunFolder.of(path.replace(/\/+$/, '').replace(/\.partial$/, ''));
    const file = join(folder.partial, 'run.json');
    const text = await readFile(file, 'utf8').catch(() => {
      throw new UserError('No unfinished run stands here', folder.partial, 'Give the folder that ends in .partial, which a run leaves when it is stopped');
    });
    const run = parseJson(text, file, runSchema);
    return { ...run, folder, settings: parseSettings(run.settings, file) };
  }

  private static of(out: string): RunFolder {
    const whole = resolve(out);
    return new RunFolder(whole, whole + PARTIAL);
  }

  /** Writes a file whole or not at all. */
  async write(path: string, content: Uint8Array | string): Promise<void> {
    const target = join(this.partial, path);
    await mkdir(dirname(target), { recursive: true });
    await writeWhole(target, content);
  }

  async writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.write(`checkpoints/step-${String(checkpoint.step).padStart(6, '0')}.safetensors`, encodeCheckpoint(checkpoint));
  }

  /** The latest checkpoint that can be read; undefined if there is none. */
  async lastCheckpoint(): Promise<Checkpoint | undefined> {
    const folder = join(this.partial, 'checkpoints');
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^step-\d+\.safetensors$/.test(name));
    for (const name of names.sort((a, b) => stepOf(b) - stepOf(a))) {
      try {
        return decodeCheckpoint(await readFile(join(folder, name)), join(folder, name));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        console.error(`passing over a checkpoint: ${error.message}`);
      }
    }
    return undefined;
  }

  async appendMetrics({ step, loss, lr, gradNorm, seconds }: StepMetrics): Promise<void> {
    const file = await open(join(this.partial, 'metrics.jsonl'), 'a');
    await file.write(`${JSON.stringify({ step, loss, lr, grad_norm: gradNorm, seconds })}\n`).finally(() => file.close());
  }

  /** Drops the lines of steps that are to be done again. */
  async cutMetrics(steps: number): Promise<void> {
    const file = join(this.partial, 'metrics.jsonl');
    const text = await readFile(file, 'utf8').catch(() => '');
    const kept = text.split('\n').filter((line) => line.endsWith('}') && (JSON.parse(line) as { step: number }).step <= steps);
    await writeWhole(file, kept.map((line) => `${line}\n`).join(''));
  }

  /** Gives the folder its name. */
  async finish(): Promise<void> {
    await rmdir(this.out).catch(() => undefined);
    await rename(this.partial, this.out);
  }
}

function stepOf(name: string): number {
  return Number(/\d+/.exec(name)![0]);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}
