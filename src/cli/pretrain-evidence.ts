import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openPath } from '../data/files-node';
import { PROMPT } from '../data/scenes/caption';
import { drawScene } from '../data/scenes/draw';
import { KINDS } from '../data/scenes/kinds';
import { nanoMmvp } from '../data/scenes/nano';
import { encodePng } from '../data/scenes/png';
import { sheetPng } from '../data/scenes/sheet-node';
import { writeSafetensors } from '../data/safetensors';
import { loadMmvp } from '../eval/mmvp';
import type { Executor } from '../executors/executor';
import { tensorFrom, type Tensor } from '../ir/tensor';
import { loadClip } from '../models/clip';
import { loadDiffusion, type DiffusionModel } from '../models/diffusion';
import { psnr, reconstruct } from '../pretrain/autoencoder';
import { STAGES, type StageName } from '../pretrain/config';
import { curvesSvg } from '../pretrain/curves';
import { Denoiser, drawOf } from '../pretrain/denoiser';
import { clipGates, GATE_SIZES } from '../pretrain/gates';
import { pixelsOf, richCaption, validationScenes } from '../pretrain/pictures';
import { sample, startingNoise } from '../pretrain/samples';
import { reconstructionsSheet, samplesSheet } from '../pretrain/sheets';
import { scoreOf } from './eval-mmvp';
import { readBytes, writeWhole } from './files';

/** Draws the logs of all stages that lie in a folder, `<stage>.jsonl`, as curves.svg beside them. */
export async function writeCurves(folder: string): Promise<void> {
  const logs = await Promise.all(STAGES.map(async (stage) => [stage, new TextDecoder().decode(await readBytes(join(folder, `${stage}.jsonl`)))] as const));
  await write(join(folder, 'curves.svg'), curvesSvg(Object.fromEntries(logs) as Record<StageName, string>));
}

/** Writes contact sheets of what nano-SD reconstructs and draws: reconstructions.png, samples.png. */
export async function writeSheets(models: string, to: string, executor: Executor): Promise<void> {
  const model = await loadDiffusion(await openPath(join(models, 'nano-sd')));
  await write(join(to, 'reconstructions.png'), await sheetPng(await reconstructionsSheet(model, executor), { compressionLevel: 9, effort: 10 }));
  await write(join(to, 'samples.png'), await sheetPng(await samplesSheet(model, executor), { palette: true, quality: 80, dither: 0, effort: 10 }));
}

/**
 * Writes what it takes to measure nano-CLIP and nano-SD again with other software, and our figures (docs/pretraining/check.py): `mmvp` (MMVP-nano as pictures),
 * `validation` (scenes), `draws.safetensors` (timesteps and noises with our losses; a sampling's start and end), `figures.json`.
 */
export async function writeRecord(models: string, to: string, executor: Executor): Promise<void> {
  const clip = await loadClip(await openPath(join(models, 'nano-clip')));
  const model = await loadDiffusion(await openPath(join(models, 'nano-sd')));
  const benchmark = nanoMmvp();
  for (const file of benchmark.files) await write(join(to, 'mmvp', file.path), await file.read());
  const scenes = validationScenes(GATE_SIZES.pictures);
  for (const [i, scene] of scenes.entries()) await write(join(to, 'validation', `${String(i).padStart(4, '0')}.png`), encodePng(drawScene(scene)));
  const pixels = pixelsOf(scenes, model.imageSize);
  const { tensors, figures } = await denoising(model, executor);
  await write(join(to, 'draws.safetensors'), writeSafetensors(tensors));
  const whole = {
    prompt: PROMPT,
    kinds: KINDS.map(({ name }) => name),
    validation: scenes.map((scene) => ({ kind: scene.kind, caption: richCaption(scene) })),
    mmvp: await scoreOf(await loadMmvp(benchmark), clip, executor),
    kinds_right: (await clipGates(clip, executor, GATE_SIZES))[0]!.value,
    psnr: psnr(pixels.data as Float32Array, (await reconstruct(model, executor, pixels)).data as Float32Array),
    ...figures,
  };
  await write(join(to, 'figures.json'), `${JSON.stringify(whole, null, 1)}\n`);
}

const RECORDED = 128;
const SAMPLED = 4;
const RECORDED_SAMPLING = { steps: 20, guidance: 4 };

/** The UNet's losses on one draw of each of the first validation scenes, told and not, and latents that it draws. */
async function denoising(model: DiffusionModel, executor: Executor): Promise<{ readonly tensors: Record<string, Tensor>; readonly figures: object }> {
  const denoiser = await Denoiser.create(model, executor);
  try {
    const scenes = validationScenes(RECORDED);
    const captions = scenes.map(richCaption);
    const range = { draws: 1, from: 0, to: model.scheduler.trainTimesteps };
    const draws = scenes.map((_, place) => drawOf(place, 0, range, denoiser.each));
    const [told, untold] = [await denoiser.losses(scenes, captions, range), await denoiser.losses(scenes, captions.map(() => ''), range)];
    const latents = (count: number, data: Float32Array): Tensor => ({ dtype: 'float32', shape: [count, model.latentChannels, model.latentSize, model.latentSize], data });
    const start = startingNoise(0, SAMPLED * denoiser.each);
    return {
      tensors: {
        timesteps: tensorFrom('int64', [RECORDED], draws.map(({ timestep }) => timestep)),
        noise: latents(RECORDED, Float32Array.from(draws.flatMap(({ noise }) => [...noise]))),
        told: tensorFrom('float32', [RECORDED], told),
        untold: tensorFrom('float32', [RECORDED], untold),
        start: latents(SAMPLED, start),
        sampled: latents(SAMPLED, await sample(denoiser, model.scheduler, captions.slice(0, SAMPLED), start, RECORDED_SAMPLING)),
      },
      figures: { sampling: RECORDED_SAMPLING, loss: { told: mean(told), untold: mean(untold) } },
    };
  } finally {
    await denoiser.dispose();
  }
}

async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, bytes);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
