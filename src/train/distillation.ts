import { PROMPT } from '../data/scenes/caption';
import { KINDS } from '../data/scenes/kinds';
import { BACKGROUNDS } from '../data/scenes/scene';
import type { Executor } from '../executors/executor';
import type { Tensor } from '../ir/tensor';
import type { ClipModel } from '../models/clip';
import { createEncoder, type ClipEncoder } from '../models/encoder';
import { LOGIT_SCALE } from '../recipes/distillation';

/** Everyday things in everyday places: what captions on the web say. */
export const CAPTIONS: readonly string[] = KINDS.flatMap(({ name }) => ['', ...Object.values(BACKGROUNDS).map((place) => ` ${place}`)].map((place) => `${PROMPT}${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}${place}`));

/** What the untouched model says of pictures by {@link CAPTIONS}, for the distillation term of the loss. */
export class Untouched {
  private constructor(
    private readonly encoder: ClipEncoder,
    /** float32 [K,D], normalised */
    readonly captions: Tensor,
  ) {}

  static async create(clip: ClipModel, executor: Executor): Promise<Untouched> {
    const encoder = await createEncoder(clip, executor);
    const texts = await encoder.texts(CAPTIONS);
    const width = texts[0]!.length;
    const data = new Float32Array(texts.length * width);
    texts.forEach((text, k) => data.set(text, k * width));
    return new Untouched(encoder, { dtype: 'float32', shape: [texts.length, width], data });
  }

  /** 100 z captions^T, float32 [K], for z the embedding of pixel values [3,S,S]. */
  async told(pixelValues: Tensor): Promise<Tensor> {
    const [z] = await this.encoder.images([pixelValues]);
    const [K, D] = this.captions.shape as [number, number];
    const texts = this.captions.data as Float32Array;
    const data = Float32Array.from({ length: K }, (_, k) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += texts[k * D + d]! * z![d]!;
      return LOGIT_SCALE * sum;
    });
    return { dtype: 'float32', shape: [K], data };
  }

  dispose(): Promise<void> {
    return this.encoder.dispose();
  }
}
