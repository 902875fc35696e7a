import { z } from 'zod';
import { concatenated } from '../data/bytes';
import { findFile, subtree } from '../data/files';
import { parseJson } from '../data/json';
import { readSafetensors, writeSafetensors } from '../data/safetensors';
import type { WeightReader } from '../executors/executor';
import { unreachable, UserError } from '../ir/errors';
import { bytesPerElement, tensorFrom, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import { moduleOfNodes, patchWeights } from '../onnx/patch';
import { CLIP_CONFIGS, type ClipModel } from './clip';
import { readText } from './files';
import { originsOf, textTensors, visionTensors, type Origin } from './parameters';

/** One file of an exported model; `path` is relative to the model's folder. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What transformers takes where neither weights nor config say. */
const DEFAULT_LOGIT_SCALE = 2.6592;

/** The tower whose weights have changed. */
export type Tower = 'vision' | 'text';

/**
 * The model with the present weights of one tower as a folder in Hugging Face layout: configs as they were, onnx/vision_model.onnx and onnx/text_model.onnx, the original
 * files, the tuned one with new weights, and model.safetensors for transformers: the vision tower (CLIPVisionModelWithProjection, SiglipVisionModel), and where the
 * text tower is tuned that one too, with the logit scale (CLIPModel).
 */
export async function exportClip(clip: ClipModel, tuned: Tower = 'vision'): Promise<readonly ExportedFile[]> {
  const kept = clip.tree.files.filter(({ path }) => CLIP_CONFIGS.includes(path));
  const configs = await Promise.all(kept.map(async (file) => ({ path: file.path, bytes: await file.read() })));
  const towers = await Promise.all((['vision', 'text'] as const).map((tower) => (tower === tuned ? patchedFiles(clip, tower) : untouchedFiles(clip, tower))));
  const tensors = { ...(await tensorsOf(clip, 'vision')), ...(tuned === 'text' && { ...(await tensorsOf(clip, 'text')), logit_scale: tensorFrom('float32', [], [Math.log(await logitScale(clip))]) }) };
  return [...configs, { path: 'model.safetensors', bytes: writeSafetensors(tensors, { format: 'pt' }) }, ...towers.flat()];
}

const readerOf = (clip: ClipModel, tower: Tower): WeightReader => (tower === 'vision' ? clip.weights : clip.textWeights);

/** A tower's file with its present weights. */
async function patchedFiles(clip: ClipModel, tower: Tower): Promise<ExportedFile[]> {
  const { file, graph: { weights } } = clip[tower];
  const dataFile = `${tower}_model.onnx_data`;
  const { model, data } = await patchWeights(await readOriginal(clip, file), weights, { read: ({ ref }) => readerOf(clip, tower)(ref), dataFile });
  return [{ path: `onnx/${tower}_model.onnx`, bytes: model }, ...(data.length ? [{ path: `onnx/${dataFile}`, bytes: concatenated(data) }] : [])];
}

async function readOriginal(clip: ClipModel, path: string): Promise<Uint8Array> {
  return (findFile(clip.tree, path) ?? unreachable(`${path} is not in ${clip.tree.name}`)).read();
}

/** Where a tower's tensors stand in its file, by transformers' names. */
export async function towerOrigins(clip: ClipModel, tower: Tower): Promise<ReadonlyMap<string, Origin>> {
  const expected = tower === 'vision' ? visionTensors(clip.config.vision) : textTensors(clip.config);
  return originsOf(clip[tower], expected, moduleOfNodes(await readOriginal(clip, clip[tower].file)));
}

/** A tower under transformers' names and layouts, in the stored dtype. */
async function tensorsOf(clip: ClipModel, tower: Tower): Promise<Record<string, Tensor>> {
  const expected = tower === 'vision' ? visionTensors(clip.config.vision) : textTensors(clip.config);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { initializer, transposed }] of await towerOrigins(clip, tower)) {
    const { dtype, shape, ref } = clip[tower].graph.weights.get(initializer)!;
    const tensor = tensorFromBytes(dtype, shape, await readerOf(clip, tower)(ref));
    tensors[name] = { ...(transposed ? transpose(tensor) : tensor), shape: expected.get(name)! };
  }
  return tensors;
}

function transpose({ dtype, shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const bytes = new Uint8Array(data.length * bytesPerElement(dtype));
  const turned = tensorFromBytes(dtype, [columns, rows], bytes);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) turned.data[column * rows + row] = data[row * columns + column]!;
  return turned;
}

/** A tower's file, and the data files that it refers to, under their own names. */
async function untouchedFiles(clip: ClipModel, tower: Tower): Promise<ExportedFile[]> {
  const { file, graph: { weights } } = clip[tower];
  const folder = file.includes('/') ? subtree(clip.tree, file.replace(/\/[^/]*$/, '')) : clip.tree;
  const locations = new Set([...weights.values()].flatMap(({ ref }) => (ref.kind === 'file' ? [ref.location.replace(/^\.\//, '')] : [])));
  const data = await Promise.all([...locations].map(async (location) => ({ path: `onnx/${location}`, bytes: await (findFile(folder, location) ?? unreachable(`${location} is not in ${folder.name}`)).read() })));
  return [{ path: `onnx/${tower}_model.onnx`, bytes: await readOriginal(clip, file) }, ...data];
}

const optionalScale = z.object({ logit_scale_init_value: z.number().default(DEFAULT_LOGIT_SCALE) });

/** What CLIP multiplies cosines with: exp(logit_scale) of model.safetensors where it is kept there, else of config.json. Throws a UserError unless it is positive and finite. */
export async function logitScale({ tree }: Pick<ClipModel, 'tree'>): Promise<number> {
  const [weights, config] = ['model.safetensors', 'config.json'].map((path) => findFile(tree, path));
  const stored = weights && readSafetensors(await weights.read(), weights.path).tensors.get('logit_scale');
  const logarithm = stored ? toNumbers(stored)[0]! : config ? parseJson(await readText(config), config.path, optionalScale).logit_scale_init_value : DEFAULT_LOGIT_SCALE;
  const scale = Math.exp(logarithm);
  if (Number.isFinite(scale) && scale > 0) return scale;
  throw new UserError(`The logit scale is ${logarithm}`, stored ? weights.path : 'config.json', 'Take the model from its source again');
}
