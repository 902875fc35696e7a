import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../data/json';
import { nanoPictures } from '../data/scenes/nano';
import { gateSchema } from '../pretrain/gates';
import { writeWhole } from './files';
import { evaluateMmvp } from './eval-mmvp';
import { evaluateReadout } from './eval-readout';
import { evaluateRetrieval } from './eval-retrieval';
import { evaluateZeroShot } from './eval-zero-shot';
import { train } from './train';

const CLIP = 'public/models/nano-clip';
const DIFFUSION = 'public/models/nano-sd';
const PAIRS = 'src/data/scenes/mmvp-nano.json';
const SEEDS = [1, 2, 3];
const RECIPES = ['diva', 'control'] as const;

/** An evaluation's figure, in percent, what it is the mean of, and how often a case turned right or wrong against the untouched model. */
const figureSchema = z.object({
  overall: z.number(),
  parts: z.record(z.string(), z.number()),
  against: z.object({ better: z.number(), worse: z.number(), p: z.number() }).optional(),
});
export type Figure = z.infer<typeof figureSchema>;

export const EVALUATIONS = ['pairs', 'readout', 'zero-shot', 'retrieval'] as const;
export type Evaluation = (typeof EVALUATIONS)[number];

const runSchema = z.object({
  /** `before` is the untouched model. */
  recipe: z.enum(['before', ...RECIPES]),
  seed: z.number(),
  /** Of training, and of all evaluations. */
  seconds: z.object({ training: z.number(), evaluation: z.number() }),
  figures: z.object({ pairs: figureSchema, readout: figureSchema, 'zero-shot': figureSchema, retrieval: figureSchema }),
});
export type StudyRun = z.infer<typeof runSchema>;

const studySchema = z.object({ gates: z.array(gateSchema), settings: z.record(z.string(), z.unknown()), machine: z.string(), runs: z.array(runSchema) });
export type Study = z.infer<typeof studySchema>;

export async function readStudy(file: string): Promise<Study> {
  return parseJson(await readFile(file, 'utf8'), file, studySchema);
}

interface Test { readonly wrong_to_right: number; readonly right_to_wrong: number; readonly p_exact_two_sided: number }

const against = (test: Test | undefined): Pick<Figure, 'against'> => (test ? { against: { better: test.wrong_to_right, worse: test.right_to_wrong, p: test.p_exact_two_sided } } : {});

/** `argv`: --clip and --executor, and --baseline where cases are compared. */
const MEASURES: Readonly<Record<Evaluation, (argv: string[]) => Promise<Figure>>> = {
  pairs: async (argv) => {
    const { average_percent: overall, per_pattern, mcnemar } = await evaluateMmvp([...argv, '--pairs', PAIRS]);
    return { overall, parts: mapped(per_pattern, ({ percent }) => percent), ...against(mcnemar) };
  },
  readout: async (argv) => {
    const { average_percent: overall, per_pattern } = await evaluateReadout([...argv, '--nano']);
    return { overall, parts: mapped(per_pattern, ({ percent }) => percent) };
  },
  'zero-shot': async (argv) => {
    const { mean_top1_percent: overall, sets } = await evaluateZeroShot([...argv, '--nano']);
    return { overall, parts: Object.fromEntries(sets.map(({ name, top1 }) => [name, top1.percent])) };
  },
  retrieval: async (argv) => {
    const { mean_r1_percent: overall, sets } = await evaluateRetrieval([...argv, '--nano']);
    const parts = sets.flatMap(({ name, image_to_text: there, text_to_image: back }) => (['r1', 'r5', 'r10'] as const).flatMap((k) => [[`${name}, picture to text, ${k}`, there[k].percent], [`${name}, text to picture, ${k}`, back[k].percent]] as const));
    return { overall, parts: Object.fromEntries(parts) };
  },
};

/** Trains and measures everything anew; what is done is told and saved after every run. */
export async function rerun(study: Study, file: string, tell: (line: string) => void): Promise<Study> {
  const folder = await mkdtemp(join(tmpdir(), 'nano-study-'));
  try {
    const images = join(folder, 'pictures');
    await writePictures(images);
    const runs = [await measured({ recipe: 'before', seed: 0 }, CLIP, 0, tell)];
    for (const seed of SEEDS) {
      for (const recipe of RECIPES) {
        const out = join(folder, `${recipe}-${seed}`);
        const { seconds } = await train(['--clip', CLIP, '--diffusion', DIFFUSION, '--images', images, '--recipe', recipe, '--seed', String(seed), '--set', 'preset=nano', '--executor', 'ort', '--out', out]);
        runs.push(await measured({ recipe, seed }, out, seconds, tell));
        await writeWhole(file, `${JSON.stringify({ ...study, runs }, null, 1)}\n`);
      }
    }
    return { ...study, runs };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writePictures(folder: string): Promise<void> {
  await mkdir(folder);
  for (const picture of (await nanoPictures()).files) await writeFile(join(folder, picture.path), await picture.read());
}

async function measured(run: Pick<StudyRun, 'recipe' | 'seed'>, clip: string, training: number, tell: (line: string) => void): Promise<StudyRun> {
  const started = performance.now();
  const figures: Partial<Record<Evaluation, Figure>> = {};
  for (const name of EVALUATIONS) {
    const baseline = name === 'pairs' && run.recipe !== 'before' ? ['--baseline', CLIP] : [];
    figures[name] = await MEASURES[name](['--clip', clip, '--executor', 'ort', ...baseline]);
    tell(`${run.recipe} ${run.seed} ${name}: ${figures[name].overall.toFixed(2)}`);
  }
  return { ...run, seconds: { training, evaluation: (performance.now() - started) / 1000 }, figures: figures as StudyRun['figures'] };
}

function mapped<T>(record: Readonly<Record<string, T>>, number: (value: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, number(value)]));
}
