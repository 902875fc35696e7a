import type { Tensor } from '../ir/tensor';

/** CLIP as evaluation reads it out: L2-normalised float32 vectors [D]. */
export interface ClipEncoder {
  /** @param pixelValues float32 [3,S,S] each, as the model's processor makes them */
  images(pixelValues: readonly Tensor[]): Promise<Float32Array[]>;
  texts(texts: readonly string[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}
