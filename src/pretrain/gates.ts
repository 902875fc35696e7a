import { z } from 'zod';
import { parseJson } from '../data/json';
import { KINDS } from '../data/scenes/kinds';
import { PROMPT, statementOf } from '../data/scenes/caption';
import { PATTERNS, type Pattern } from '../data/scenes/kind';
import { candidates, type ScenePair } from '../data/scenes/pairs';
import { seedOf, type Scene } from '../data/scenes/scene';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import { createEncoder, type ClipEncoder } from '../models/encoder';
import { psnr, reconstruct } from './autoencoder';
import { Denoiser } from './denoiser';
import { pixelsOf, richCaption, validationScenes } from './pictures';

/** One figure against what it must reach. */
export const gateSchema = z.object({ name: z.string(), value: z.number(), least: z.number(), passed: z.boolean(), perPattern: z.record(z.string(), z.number()).optional() });
export type Gate = z.infer<typeof gateSchema>;

/** Reads what was measured. */
export function readGates(text: string, file: string): Gate[] {
  return parseJson(text, file, z.array(gateSchema));
}

export interface GateSizes {
  /** Pictures for the kinds, the reconstruction and the gain. */
  readonly pictures: number;
  /** Pairs of each pattern. */
  readonly pairs: number;
  /** Draws of timestep and noise for each picture of a pair. */
  readonly draws: number;
}

export const GATE_SIZES: GateSizes = { pictures: 500, pairs: 40, draws: 32 };

/** What must hold of nano-CLIP before any tuning. Pictures and pairs are of the validation split. */
export async function clipGates(clip: ClipModel, executor: Executor, sizes: GateSizes): Promise<Gate[]> {
  const encoder = await createEncoder(clip, executor);
  try {
    return [await kindsGate(clip, encoder, sizes.pictures), await separationGate(encoder, sizes.pairs)];
  } finally {
    await encoder.dispose();
  }
}

/** What must hold of nano-SD. The teacher is the UNet, told rich captions. */
export async function diffusionGates(diffusion: DiffusionModel, executor: Executor, sizes: GateSizes): Promise<Gate[]> {
  const denoiser = await Denoiser.create(diffusion, executor);
  try {
    return [await reconstructionGate(diffusion, executor, sizes.pictures), await classifierGate(diffusion, denoiser, sizes), await gainGate(diffusion, denoiser, sizes.pictures)];
  } finally {
    await denoiser.dispose();
  }
}

/** Kinds told zero-shot, by CLIP's prompt. */
async function kindsGate(clip: ClipModel, encoder: ClipEncoder, pictures: number): Promise<Gate> {
  const classes = await encoder.texts(KINDS.map(({ name }) => `${PROMPT}a ${name}`));
  const scenes = validationScenes(pictures);
  const images = await encoder.images(scenes.map((scene) => pictureOf(scene, clip.config.vision.imageSize)));
  const right = scenes.filter((scene, i) => KINDS[best(classes.map((one) => dot(one, images[i]!)))]!.name === scene.kind);
  return gate('kinds, zero-shot', right.length / scenes.length, 0.95);
}

/** |t1 - t2| of a pair's captions over that of two kinds' captions, on average; the pattern with the least counts. */
async function separationGate(encoder: ClipEncoder, pairs: number): Promise<Gate> {
  const kinds = await encoder.texts(KINDS.map(({ name }) => `${PROMPT}a ${name}`));
  const between = mean(kinds.flatMap((a, i) => kinds.slice(i + 1).map((b) => distance(a, b))));
  const perPattern: Partial<Record<Pattern, number>> = {};
  for (const pattern of PATTERNS) {
    const texts = await encoder.texts(candidates(pattern, pairs, PAIRS_FROM).flatMap(({ scenes }) => scenes.map((scene) => PROMPT + statementOf(scene, pattern))));
    perPattern[pattern] = mean(Array.from({ length: pairs }, (_, i) => distance(texts[2 * i]!, texts[2 * i + 1]!))) / between;
  }
  return gate('text separation, against kinds', Math.min(...Object.values(perPattern)), 0.1, perPattern);
}

async function reconstructionGate(diffusion: DiffusionModel, executor: Executor, pictures: number): Promise<Gate> {
  const pixels = pixelsOf(validationScenes(pictures), diffusion.imageSize);
  const again = (await reconstruct(diffusion, executor, pixels)).data as Float32Array;
  return gate('VAE PSNR, dB', psnr(pixels.data as Float32Array, again), 26);
}

/** Share of pictures that their own rich caption denoises better than the caption of the pair's other picture, timesteps and noise the same for both. */
async function classifierGate(diffusion: DiffusionModel, denoiser: Denoiser, { pairs, draws }: GateSizes): Promise<Gate> {
  const perPattern: Partial<Record<Pattern, number>> = {};
  for (const pattern of PATTERNS) {
    const tasks = candidates(pattern, pairs, PAIRS_FROM).flatMap(tasksOf);
    const own = await denoiser.losses(tasks.map(({ scene }) => scene), tasks.map(({ right }) => right), { draws, from: 0, to: diffusion.scheduler.trainTimesteps });
    const other = await denoiser.losses(tasks.map(({ scene }) => scene), tasks.map(({ wrong }) => wrong), { draws, from: 0, to: diffusion.scheduler.trainTimesteps });
    perPattern[pattern] = own.filter((loss, i) => loss < other[i]!).length / own.length;
  }
  const values = Object.values(perPattern);
  const over = mean(values);
  return { ...gate('teacher as classifier', over, 0.8, perPattern), passed: over >= 0.8 && Math.min(...values) >= 0.65 };
}

function tasksOf({ scenes: [first, second] }: ScenePair): { scene: Scene; right: string; wrong: string }[] {
  const [a, b] = [richCaption(first), richCaption(second)];
  return [{ scene: first, right: a, wrong: b }, { scene: second, right: b, wrong: a }];
}

/** By how much rich captions cut the loss at the noisier half of the timesteps, against no caption. */
async function gainGate(diffusion: DiffusionModel, denoiser: Denoiser, pictures: number): Promise<Gate> {
  const scenes = validationScenes(pictures);
  const range = { draws: 2, from: 501, to: diffusion.scheduler.trainTimesteps };
  const rich = mean(await denoiser.losses(scenes, scenes.map(richCaption), range));
  const none = mean(await denoiser.losses(scenes, scenes.map(() => ''), range));
  return gate('gain by rich captions at t > 500', 1 - rich / none, 0.05);
}

/** The validation pairs are those of the seeds from here on. */
export const PAIRS_FROM = seedOf('validation', 0);

function pictureOf(scene: Scene, size: number) {
  const pixels = pixelsOf([scene], size);
  return { ...pixels, shape: pixels.shape.slice(1) };
}

function gate(name: string, value: number, least: number, perPattern?: Partial<Record<Pattern, number>>): Gate {
  return { name, value, least, passed: value >= least, ...(perPattern && { perPattern }) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

function best(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}
