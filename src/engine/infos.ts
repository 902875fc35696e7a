import type { FileTree } from '../data/files';
import { clipPaths, type ClipModel } from '../models/clip';
import { diffusionPaths, type DiffusionModel } from '../models/diffusion';
import type { Model } from '../onnx/decode';
import { isFloat, sizeOf } from '../ir/tensor';
import type { ClipInfo, DiffusionInfo } from './api';

const parametersOf = ({ graph }: Model): number => [...graph.weights.values()].reduce((sum, { dtype, shape }) => sum + (isFloat(dtype) ? sizeOf(shape) : 0), 0);

/** Of what the model needs: its folder or repository may hold it in several forms. */
const bytesOf = ({ files }: FileTree, paths: readonly string[]): number => files.reduce((sum, { path, size }) => sum + (paths.includes(path) ? size : 0), 0);

export function clipInfo(clip: ClipModel): ClipInfo {
  return { name: clip.name, family: clip.family, imageSize: clip.config.vision.imageSize, parameters: parametersOf(clip.vision) + parametersOf(clip.text), bytes: bytesOf(clip.tree, clipPaths(clip.tree)) };
}

export function diffusionInfo(model: DiffusionModel): DiffusionInfo {
  return { name: model.name, imageSize: model.imageSize, contextWidth: model.contextWidth, parameters: parametersOf(model.unet), bytes: bytesOf(model.tree, diffusionPaths(model.tree)) };
}
