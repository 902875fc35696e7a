import type { FileTree } from '../data/files';
import type { WeightReader } from '../executors/executor';
import type { Model } from '../onnx/decode';
import type { Tokenizer } from './tokenizer';

/** The forward process: x_t = sqrt(alphasCumprod[t]) x_0 + sqrt(1 - alphasCumprod[t]) eps. */
export interface Scheduler {
  /** [trainTimesteps] */
  readonly alphasCumprod: Float64Array;
  /** What the UNet predicts: eps, or v = sqrt(abar) eps - sqrt(1 - abar) x_0. */
  readonly predictionType: 'epsilon' | 'v_prediction';
  readonly trainTimesteps: number;
}

export interface DiffusionModel {
  readonly name: string;
  readonly unet: Model;
  readonly unetWeights: WeightReader;
  readonly vaeEncoder: Model;
  readonly vaeWeights: WeightReader;
  readonly textEncoder: Model;
  readonly textWeights: WeightReader;
  readonly tokenizer: Tokenizer;
  readonly scheduler: Scheduler;
  /** Width and number of the context tokens that the text encoder gives. */
  readonly contextWidth: number;
  readonly contextLength: number;
  readonly latentChannels: number;
  /** Pixels on a side of the pictures the model was trained on, and elements on a side of their latents. */
  readonly imageSize: number;
  readonly latentSize: number;
  /** latent = mean of the VAE encoder * scalingFactor */
  readonly scalingFactor: number;
  /** The model's folder. */
  readonly tree: FileTree;
}
