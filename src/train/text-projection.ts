import type { Executor } from '../executors/executor';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { embeddingGraph, type ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import { inFloat32 } from '../models/files';
import { textGraph } from '../models/text';
import type { Tokenizer } from '../models/tokenizer';
import { PROJECTION_BIAS, PROJECTION_WEIGHT } from '../recipes/diva';
import { meanOf, ridge } from './ridge';

const BATCH = 16;

/** Pictures' embeddings also spread where texts' do not; what is fitted there would only throw them about. */
const RIDGE = 0.3;

/**
 * A projection in closed form, so that the feedback moves a picture's embedding along directions that texts use. From captions: with t CLIP's text embedding and h the
 * hidden state of the end token in the diffusion model's text encoder,
 *
 *     W, c = argmin sum |W t + c - h|^2 + ridge |W|^2,
 *
 * and as pictures' embeddings z lie elsewhere than texts' and spread otherwise, they are moved and stretched first:
 *
 *     h(z) = W (mean t + s (z - mean z)) + c,  s^2 = tr cov t / tr cov z.
 *
 * @param pixelValues float32 [3,S,S] of training pictures
 * @param base what DIVA adds to the projection [C]
 * @param onRead told how many more captions or pictures a model has read: each caption is read by two, each picture by one
 * @returns visual_proj.weight [C,D] and visual_proj.bias [C]
 */
export async function textProjection(clip: ClipModel, diffusion: DiffusionModel, executor: Executor, captions: readonly string[], pixelValues: readonly Tensor[], base: Float32Array, onRead: (more: number) => void): Promise<Record<string, Tensor>> {
  const t = await textEmbeddings(clip, executor, captions, onRead);
  const h = await endTokens(diffusion, executor, captions, onRead);
  const z = await pictureEmbeddings(clip, executor, pixelValues, onRead);
  const [meanT, meanZ] = [meanOf(t), meanOf(z)];
  const { weight, bias } = ridge(t, h, RIDGE);
  const s = Math.sqrt(varianceOf(t, meanT) / varianceOf(z, meanZ));
  const [C, D] = [h[0]!.length, t[0]!.length];
  const centre = Float64Array.from(meanT, (value, j) => value - s * meanZ[j]!);
  return {
    [PROJECTION_WEIGHT]: { dtype: 'float32', shape: [C, D], data: Float32Array.from(weight.flatMap((row) => [...row]), (value) => value * s) },
    [PROJECTION_BIAS]: { dtype: 'float32', shape: [C], data: Float32Array.from(bias, (value, i) => value + weight[i]!.reduce((sum, w, j) => sum + w * centre[j]!, 0) - base[i]!) },
  };
}

async function textEmbeddings(clip: ClipModel, executor: Executor, captions: readonly string[], onRead: (more: number) => void): Promise<Float64Array[]> {
  const output = clip.family === 'siglip' ? 'pooler_output' : 'text_embeds';
  const { rows } = await readTexts(clip.text, clip.textWeights, clip.tokenizer, clip.tokenizer.length, output, executor, captions, onRead);
  return rows;
}

async function endTokens(diffusion: DiffusionModel, executor: Executor, captions: readonly string[], onRead: (more: number) => void): Promise<Float64Array[]> {
  const { contextLength, contextWidth, tokenizer } = diffusion;
  const { rows, ids } = await readTexts(diffusion.textEncoder, diffusion.textWeights, tokenizer, contextLength, 'last_hidden_state', executor, captions, onRead);
  return rows.map((row, i) => {
    const end = ids[i]!.indexOf(Math.max(...ids[i]!));
    return row.slice(end * contextWidth, (end + 1) * contextWidth);
  });
}

async function readTexts(model: ClipModel['text'], weights: ClipModel['textWeights'], tokenizer: Tokenizer, length: number, output: string, executor: Executor, captions: readonly string[], onRead: (more: number) => void): Promise<{ rows: Float64Array[]; ids: number[][] }> {
  const text = textGraph(inFloat32(model), output, BATCH, length);
  const program = await executor.compile({ graphs: { read: text.graph }, weights });
  const ids = captions.map((caption) => tokenizer.encode(caption));
  const rows: Float64Array[] = [];
  for (let at = 0; at < ids.length; at += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => ids[at + i] ?? ids[at]!);
    rows.push(...rowsOf((await program.run('read', text.feed(tensorFrom('int64', [BATCH, length], batch.flat()))))[output]!).slice(0, ids.length - at));
    onRead(Math.min(BATCH, ids.length - at));
  }
  await program.dispose();
  return { rows, ids };
}

async function pictureEmbeddings(clip: ClipModel, executor: Executor, pixelValues: readonly Tensor[], onRead: (more: number) => void): Promise<Float64Array[]> {
  const program = await executor.compile({ graphs: { embed: embeddingGraph(clip, 1) }, weights: clip.weights });
  const rows: Float64Array[] = [];
  for (const pixels of pixelValues) {
    rows.push(...rowsOf((await program.run('embed', { pixel_values: { ...pixels, shape: [1, ...pixels.shape] } }))['image_embeds']!));
    onRead(1);
  }
  await program.dispose();
  return rows;
}

function rowsOf(tensor: Tensor): Float64Array[] {
  const values = toNumbers(tensor);
  const each = values.length / tensor.shape[0]!;
  return Array.from({ length: tensor.shape[0]! }, (_, i) => Float64Array.from(values.subarray(i * each, (i + 1) * each)));
}

/** The trace of the covariance. */
function varianceOf(rows: readonly Float64Array[], mean: Float64Array): number {
  return rows.reduce((sum, row) => sum + row.reduce((inner, value, j) => inner + (value - mean[j]!) ** 2, 0), 0) / rows.length;
}
