import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openPath } from '../data/files-node';
import { parseJson } from '../data/json';
import { nanoPictures } from '../data/scenes/nano';
import { UserError } from '../ir/errors';
import { gateSchema } from '../pretrain/gates';
import { REALIGN } from '../train/realign';
import { writeWhole } from './files';
import { realign } from './realign';
import { Measuring } from './study-measuring';
import { train } from './train';

const CLIP = 'public/models/nano-clip';
const DIFFUSION = 'public/models/nano-sd';
const SEEDS = [1, 2, 3];
const TUNED = ['diva', 'control'] as const;
/** `realign`: without any feedback before it. */
const REALIGNED = ['realign', 'diva+realign', 'control+realign'] as const;
export const RECIPES = [...TUNED, ...REALIGNED] as const;
export type Recipe = (typeof RECIPES)[number];

/** An evaluation's figure, in percent, what it is the mean of, and how often a case turned right or wrong against the untouched model. */
const figureSchema = z.object({
  overall: z.number(),
  parts: z.record(z.string(), z.number()),
  against: z.object({ better: z.number(), worse: z.number(), p: z.number() }).optional(),
});
export type Figure = z.infer<typeof figureSchema>;

export const EVALUATIONS = ['pairs', 'readout', 'zero-shot', 'retrieval', 'segmentation', 'segmentation-probe', 'vqa'] as const;
export type Evaluation = (typeof EVALUATIONS)[number];

const runSchema = z.object({
  /** `before` is the untouched model. */
  recipe: z.enum(['before', ...RECIPES]),
  seed: z.number(),
  /** Of training (a realigned model's: of the realignment alone), and of each evaluation. */
  seconds: z.object({ training: z.number(), evaluations: z.record(z.string(), z.number()) }),
  /** Of every step of its own training. */
  losses: z.array(z.number()),
  figures: z.record(z.enum(EVALUATIONS), figureSchema),
});
export type StudyRun = z.infer<typeof runSchema>;

const studySchema = z.object({
  gates: z.array(gateSchema),
  settings: z.record(z.string(), z.unknown()),
  /** Of the settings and of both models' files. */
  fingerprint: z.string(),
  machine: z.string(),
  runs: z.array(runSchema),
});
export type Study = z.infer<typeof studySchema>;

export async function readStudy(file: string): Promise<Study> {
  return parseJson(await readFile(file, 'utf8'), file, studySchema);
}

interface Plan {
  readonly recipe: StudyRun['recipe'];
  readonly seed: number;
}

const PLANS: readonly Plan[] = [{ recipe: 'before', seed: 0 }, ...SEEDS.flatMap((seed) => RECIPES.map((recipe) => ({ recipe, seed })))];

const same = (a: Plan, b: Plan): boolean => a.recipe === b.recipe && a.seed === b.seed;

/**
 * Trains and measures everything; what is done is told, and saved after every run. Goes on from the runs of `file` if they are some of all, with the same settings and models;
 * their models lie in the system's folder for temporary files until all is done.
 */
export async function rerun(header: Omit<Study, 'runs' | 'fingerprint'>, file: string, tell: (line: string) => void): Promise<Study> {
  const fingerprint = await fingerprintOf(header.settings);
  const study = { ...header, fingerprint, runs: await unfinishedRuns(file, fingerprint) };
  if (study.runs.length) tell(`going on after ${study.runs.length} of ${PLANS.length} runs in ${file}`);
  const models = new Models(join(tmpdir(), `nano-study-${fingerprint.slice(0, 16)}`));
  const measuring = new Measuring();
  try {
    for (const plan of PLANS) {
      if (study.runs.some((run) => same(run, plan))) continue;
      const { folder, seconds, losses } = await models.of(plan);
      const { figures, seconds: evaluations } = await measuring.measure(folder, CLIP, (line) => tell(`${plan.recipe} ${plan.seed} ${line}`));
      study.runs.push({ ...plan, seconds: { training: seconds, evaluations }, losses, figures });
      await writeWhole(file, `${JSON.stringify(study, null, 1)}\n`);
    }
  } finally {
    measuring.stop();
  }
  await models.remove();
  return study;
}

/** None where the file is missing, of another form, of other settings or models, or holds all runs: then everything is done anew. */
async function unfinishedRuns(file: string, fingerprint: string): Promise<StudyRun[]> {
  if (!existsSync(file)) return [];
  const saved = await readStudy(file).catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  return saved?.fingerprint === fingerprint && saved.runs.length < PLANS.length ? saved.runs : [];
}

async function fingerprintOf(settings: Study['settings']): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const folder of [CLIP, DIFFUSION]) for (const file of (await openPath(folder)).files) hash.update(file.path).update(await file.read());
  return hash.digest('hex');
}

interface Trained {
  readonly folder: string;
  /** What its own training took. */
  readonly seconds: number;
  readonly losses: number[];
}

const secondsSchema = z.object({ seconds: z.number() });
const lossSchema = z.object({ loss: z.number() });

/** The models of the runs, each trained when it is asked for and not there yet. */
class Models {
  constructor(private readonly folder: string) {}

  async of({ recipe, seed }: Plan): Promise<Trained> {
    if (recipe === 'before') return { folder: CLIP, seconds: 0, losses: [] };
    const folder = join(this.folder, `${recipe}-${seed}`);
    const record = join(folder, 'study.json');
    if (!existsSync(record)) await this.make(recipe, seed, folder, record);
    const metrics = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    return { folder, ...parseJson(await readFile(record, 'utf8'), record, secondsSchema), losses: metrics.map((line, i) => parseJson(line, `metrics.jsonl, line ${i + 1}`, lossSchema).loss) };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** @param record the file that says that it is done, and in which time */
  private async make(recipe: Recipe, seed: number, folder: string, record: string): Promise<void> {
    for (const unfinished of [folder, `${folder}.partial`]) await rm(unfinished, { recursive: true, force: true });
    const { seconds } = await this.train(recipe, seed, folder);
    await writeWhole(record, JSON.stringify({ seconds }));
  }

  private async train(recipe: Recipe, seed: number, out: string): Promise<{ readonly seconds: number }> {
    const ends = ['--seed', String(seed), '--executor', 'ort', '--out', out];
    if (recipe === 'diva' || recipe === 'control') return train(['--clip', CLIP, '--diffusion', DIFFUSION, '--images', await this.pictures(), '--recipe', recipe, '--set', 'preset=nano', ...ends]);
    const { folder } = await this.of(recipe === 'realign' ? PLANS[0]! : { recipe: recipe === 'diva+realign' ? 'diva' : 'control', seed });
    return realign(['--clip', folder, '--nano', '--steps', String(REALIGN.steps), '--lr', String(REALIGN.lr), ...ends]);
  }

  private async pictures(): Promise<string> {
    const folder = join(this.folder, 'pictures');
    await mkdir(folder, { recursive: true });
    for (const picture of nanoPictures().files) await writeFile(join(folder, picture.path), await picture.read());
    return folder;
  }
}
