import { PROMPT } from '../data/scenes/caption';
import { PATTERNS } from '../data/scenes/kind';
import { candidates, type ScenePair } from '../data/scenes/pairs';
import type { Cell, Label, Sheet } from '../data/scenes/sheet-node';
import type { Executor } from '../executors/executor';
import type { Tensor } from '../ir/tensor';
import type { DiffusionModel } from '../models/diffusion';
import { decode, psnr, reconstruct } from './autoencoder';
import { Denoiser } from './denoiser';
import { PAIRS_FROM } from './gates';
import { picturesFrom, pixelsOf, richCaption, validationScenes } from './pictures';
import { sample, SAMPLING, startingNoise } from './samples';

const GAP = 2;
/** Between pictures that stand apart. */
const SPACE = 10;

const ACROSS = 8;
const BANDS = 3;

/** The first validation scenes over what the VAE makes of them, each with its peak signal-to-noise ratio. */
export async function reconstructionsSheet(model: DiffusionModel, executor: Executor): Promise<Sheet> {
  const pixels = pixelsOf(validationScenes(ACROSS * BANDS), model.imageSize);
  const again = await reconstruct(model, executor, pixels);
  const [scenes, results] = [picturesFrom(pixels), picturesFrom(again)];
  const edge = model.imageSize + GAP;
  const band = 2 * edge + 14;
  const each = 3 * model.imageSize ** 2;
  const part = ({ data }: Tensor, i: number): Float32Array => (data as Float32Array).subarray(i * each, (i + 1) * each);
  const places = scenes.map((_, i) => ({ x: (i % ACROSS) * edge, y: Math.floor(i / ACROSS) * band }));
  return {
    width: ACROSS * edge,
    height: BANDS * band,
    cells: places.flatMap(({ x, y }, i) => [{ x, y, picture: scenes[i]! }, { x, y: y + edge, picture: results[i]! }]),
    labels: places.map(({ x, y }, i) => ({ x, y: y + 2 * edge + 8, text: `${psnr(part(pixels, i), part(again, i)).toFixed(1)} dB` })),
  };
}

/** Pairs of a pattern, and starting noises for the two captions of each. */
const PAIRS = 2;
const STARTS = 2;

/**
 * A row a pattern: of each of its first validation pairs the two scenes, then what denoises from the same noise under the one's rich caption and under the
 * other's, then the same from another noise.
 */
export async function samplesSheet(model: DiffusionModel, executor: Executor): Promise<Sheet> {
  const rows = PATTERNS.map((pattern) => candidates(pattern, PAIRS, PAIRS_FROM));
  const pairs = rows.flat();
  const scenes = picturesFrom(pixelsOf(pairs.flatMap((pair) => pair.scenes), model.imageSize));
  const samples = picturesFrom(await drawn(model, executor, pairs));
  const edge = model.imageSize + GAP;
  const block = 2 * edge * (STARTS + 1) + SPACE * (STARTS + 1);
  const line = edge + 42;
  const top = 14;
  const cells: Cell[] = [];
  const labels: Label[] = [];
  pairs.forEach((pair, i) => {
    const [x, y] = [(i % PAIRS) * block, top + Math.floor(i / PAIRS) * line];
    const shown = [...scenes.slice(2 * i, 2 * i + 2), ...samples.slice(2 * STARTS * i, 2 * STARTS * (i + 1))];
    cells.push(...shown.map((picture, place) => ({ x: x + place * edge + SPACE * Math.floor(place / 2), y: y + 14, picture })));
    if (i % PAIRS === 0) labels.push({ x, y: y + 10, text: pair.pattern.toUpperCase() });
    labels.push(...captionsOf(pair).map((caption, side) => ({ x, y: y + edge + 22 + 10 * side, text: `${'AB'[side]!}: ${caption.slice(PROMPT.length)}`, size: 8 })));
  });
  const heads = ['scenes A, B', 'noise 1: A, B', 'noise 2: A, B'];
  labels.push(...Array.from({ length: PAIRS }, (_, pair) => heads.map((text, i) => ({ x: pair * block + i * (2 * edge + SPACE), y: 10, text }))).flat());
  return { width: PAIRS * block, height: top + PATTERNS.length * line, cells, labels };
}

/** For each pair and each start the samples of its two captions, float32 [N,3,S,S]. Starts are common to all pairs. */
async function drawn(model: DiffusionModel, executor: Executor, pairs: readonly ScenePair[]): Promise<Tensor> {
  const denoiser = await Denoiser.create(model, executor);
  try {
    const captions = pairs.flatMap((pair) => Array.from({ length: STARTS }, () => captionsOf(pair)).flat());
    const { each } = denoiser;
    const noises = Array.from({ length: STARTS }, (_, start) => startingNoise(start, each));
    const starts = new Float32Array(captions.length * each);
    captions.forEach((_, i) => starts.set(noises[Math.floor(i / 2) % STARTS]!, i * each));
    const latents = await sample(denoiser, model.scheduler, captions, starts, SAMPLING);
    return await decode(model, executor, { dtype: 'float32', shape: [captions.length, model.latentChannels, model.latentSize, model.latentSize], data: latents });
  } finally {
    await denoiser.dispose();
  }
}

function captionsOf({ scenes: [first, second] }: ScenePair): [string, string] {
  return [richCaption(first), richCaption(second)];
}
