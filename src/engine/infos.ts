import type { FileTree } from '../data/files';
import type { ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import { neededPaths } from '../models/hub-model';
import type { Model } from '../onnx/decode';
import { isFloat, sizeOf } from '../ir/tensor';
import type { ClipInfo, DiffusionInfo, ModelKind } from './api';

const parametersOf = ({ graph }: Model): number => [...graph.weights.values()].reduce((sum, { dtype, shape }) => sum + (isFloat(dtype) ? sizeOf(shape) : 0), 0);

/** Bytes of what a model needs. */
export function neededBytes(tree: FileTree, kind: ModelKind): number {
  const paths = neededPaths(tree, kind);
  return tree.files.reduce((sum, { path, size }) => sum + (paths.has(path) ? size : 0), 0);
}

export function clipInfo(clip: ClipModel): ClipInfo {
  return { name: clip.name, family: clip.family, imageSize: clip.config.vision.imageSize, parameters: parametersOf(clip.vision) + parametersOf(clip.text), bytes: neededBytes(clip.tree, 'clip') };
}

export function diffusionInfo(model: DiffusionModel): DiffusionInfo {
  return { name: model.name, imageSize: model.imageSize, contextWidth: model.contextWidth, parameters: parametersOf(model.unet), bytes: neededBytes(model.tree, 'diffusion') };
}
