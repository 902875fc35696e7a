/** Sizes of one tower of a CLIP, as its config.json states them. */
interface TowerConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
}

export interface VisionConfig extends TowerConfig {
  readonly modelType: 'clip' | 'siglip';
  /** Pixels on a side; pictures are square. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly channels: number;
  /** Width of the embedding that pictures and texts share. */
  readonly embeddingSize: number;
}

export interface TextConfig extends TowerConfig {
  readonly vocabSize: number;
  /** Tokens of a text, padding included. */
  readonly contextLength: number;
}

export interface ClipConfig {
  readonly modelType: 'clip' | 'siglip';
  /** Where the model came from, as the file says; '' where it does not. */
  readonly nameOrPath: string;
  readonly vision: VisionConfig;
  readonly text: TextConfig;
}
