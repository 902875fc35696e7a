import type { Executor } from '../executors/executor';
import { typeOf } from '../ir/graph';
import type { Tensor } from '../ir/tensor';
import { tokenGraph, type ClipModel } from '../models/clip';

/** A frozen vision tower as multimodal models see it: the class token and the patch tokens. */
export interface TokenEncoder {
  /** Tokens of a picture, and their width. */
  readonly count: number;
  readonly width: number;
  /** @param pixelValues float32 [3,S,S] each -> [count, width] each */
  tokens(pixelValues: readonly Tensor[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

const BATCH = 8;

export async function createTokenEncoder(clip: ClipModel, executor: Executor): Promise<TokenEncoder> {
  const graph = tokenGraph(clip, BATCH);
  const program = await executor.compile({ graphs: { tokens: graph }, weights: clip.weights });
  const [, patches, width] = typeOf(graph, 'patch_tokens').shape as [number, number, number];
  const encode = async (some: readonly Tensor[]): Promise<Float32Array[]> => {
    const pixels = new Float32Array(BATCH * some[0]!.data.length);
    for (let i = 0; i < BATCH; i++) pixels.set((some[i] ?? some.at(-1)!).data as Float32Array, i * some[0]!.data.length);
    const { class_token: own, patch_tokens: others } = await program.run('tokens', { pixel_values: { dtype: 'float32', shape: [BATCH, ...some[0]!.shape], data: pixels } });
    return some.map((_, i) => {
      const all = new Float32Array((patches + 1) * width);
      all.set((own!.data as Float32Array).subarray(i * width, (i + 1) * width));
      all.set((others!.data as Float32Array).subarray(i * patches * width, (i + 1) * patches * width), width);
      return all;
    });
  };
  return {
    count: patches + 1,
    width,
    tokens: async (pixelValues) => {
      const all: Float32Array[] = [];
      for (let at = 0; at < pixelValues.length; at += BATCH) all.push(...(await encode(pixelValues.slice(at, at + BATCH))));
      return all;
    },
    dispose: () => program.dispose(),
  };
}
