import type { FileTree } from '../data/files';
import type { WeightReader } from '../executors/executor';
import type { Model } from '../onnx/decode';
import type { ClipConfig } from './config';
import type { Tokenizer } from './tokenizer';

/** What decides the method's condition. `metaclip` stands for MetaCLIP and DFN. */
export type ClipFamily = 'openai' | 'metaclip' | 'siglip';

export interface ClipModel {
  readonly name: string;
  readonly family: ClipFamily;
  readonly config: ClipConfig;
  readonly tokenizer: Tokenizer;
  /** pixel_values -> image_embeds (SigLIP: last_hidden_state, pooler_output); its `file` is the path in `tree`. */
  readonly vision: Model;
  /** input_ids -> text_embeds (SigLIP: pooler_output). */
  readonly text: Model;
  /** The model's folder. */
  readonly tree: FileTree;
  readonly weights: WeightReader;
  readonly textWeights: WeightReader;
}
