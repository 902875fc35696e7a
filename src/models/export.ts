import { concatenated } from '../data/bytes';
import { findFile, subtree } from '../data/files';
import { writeSafetensors } from '../data/safetensors';
import { unreachable } from '../ir/errors';
import { bytesPerElement, tensorFromBytes, type Tensor } from '../ir/tensor';
import type { Weight } from '../onnx/decode';
import { moduleOfNodes, patchWeights } from '../onnx/patch';
import type { ClipModel } from './clip';
import { originsOf, visionTensors } from './parameters';

/** One file of an exported model; `path` is relative to the model's folder. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a model folder holds beside weights: taken over as it is. */
const KEPT = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt', 'spiece.model'];

/**
 * The model with its present vision weights as a folder in Hugging Face layout: configs as they were, model.safetensors for transformers
 * (CLIPVisionModelWithProjection, SiglipVisionModel), onnx/vision_model.onnx (the original file with new weights) and onnx/text_model.onnx (untouched).
 */
export async function exportClip(clip: ClipModel): Promise<readonly ExportedFile[]> {
  const kept = clip.tree.files.filter(({ path }) => KEPT.includes(path));
  const configs = await Promise.all(kept.map(async (file) => ({ path: file.path, bytes: await file.read() })));
  const original = await readOriginal(clip, clip.vision.file);
  const read = (weight: Weight): Promise<Uint8Array> => clip.weights(weight.ref);
  const dataFile = 'vision_model.onnx_data';
  const { model, data } = await patchWeights(original, clip.vision.graph.weights, { read, dataFile });
  return [
    ...configs,
    { path: 'model.safetensors', bytes: await safetensorsOf(clip, original) },
    { path: 'onnx/vision_model.onnx', bytes: model },
    ...(data.length ? [{ path: `onnx/${dataFile}`, bytes: concatenated(data) }] : []),
    ...(await textFiles(clip)),
  ];
}

async function readOriginal(clip: ClipModel, path: string): Promise<Uint8Array> {
  return (findFile(clip.tree, path) ?? unreachable(`${path} is not in ${clip.tree.name}`)).read();
}

/** The vision tower under transformers' names and layouts, in the stored dtype. */
async function safetensorsOf(clip: ClipModel, original: Uint8Array): Promise<Uint8Array> {
  const expected = visionTensors(clip.config.vision);
  const tensors: Record<string, Tensor> = {};
  for (const [name, { initializer, transposed }] of originsOf(clip.vision, expected, moduleOfNodes(original))) {
    const { dtype, shape, ref } = clip.vision.graph.weights.get(initializer)!;
    const tensor = tensorFromBytes(dtype, shape, await clip.weights(ref));
    tensors[name] = { ...(transposed ? transpose(tensor) : tensor), shape: expected.get(name)! };
  }
  return writeSafetensors(tensors, { format: 'pt' });
}

function transpose({ dtype, shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const bytes = new Uint8Array(data.length * bytesPerElement(dtype));
  const turned = tensorFromBytes(dtype, [columns, rows], bytes);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) turned.data[column * rows + row] = data[row * columns + column]!;
  return turned;
}

/** The text model's file, and the data files that it refers to, under their own names. */
async function textFiles(clip: ClipModel): Promise<ExportedFile[]> {
  const folder = clip.text.file.includes('/') ? subtree(clip.tree, clip.text.file.replace(/\/[^/]*$/, '')) : clip.tree;
  const locations = new Set([...clip.text.graph.weights.values()].flatMap(({ ref }) => (ref.kind === 'file' ? [ref.location.replace(/^\.\//, '')] : [])));
  const data = await Promise.all([...locations].map(async (location) => ({ path: `onnx/${location}`, bytes: await (findFile(folder, location) ?? unreachable(`${location} is not in ${folder.name}`)).read() })));
  return [{ path: 'onnx/text_model.onnx', bytes: await readOriginal(clip, clip.text.file) }, ...data];
}
