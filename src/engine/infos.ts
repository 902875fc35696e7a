import type { ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import type { Model } from '../onnx/decode';
import { isFloat, sizeOf } from '../ir/tensor';
import type { ClipInfo, DiffusionInfo } from './api';

const parametersOf = ({ graph }: Model): number => [...graph.weights.values()].reduce((sum, { dtype, shape }) => sum + (isFloat(dtype) ? sizeOf(shape) : 0), 0);
const bytesOf = (tree: ClipModel['tree']): number => tree.files.reduce((sum, { size }) => sum + size, 0);

export function clipInfo(clip: ClipModel): ClipInfo {
  return { name: clip.name, family: clip.family, imageSize: clip.config.vision.imageSize, parameters: parametersOf(clip.vision) + parametersOf(clip.text), bytes: bytesOf(clip.tree) };
}

export function diffusionInfo(model: DiffusionModel): DiffusionInfo {
  return { name: model.name, imageSize: model.imageSize, contextWidth: model.contextWidth, parameters: parametersOf(model.unet), bytes: bytesOf(model.tree) };
}
