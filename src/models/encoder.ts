import { UserError } from '../ir/errors';
import { sizeOf, tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import type { Executor, Program } from '../executors/executor';
import { embeddingGraph, type ClipModel } from './clip';
import { inFloat32 } from './files';
import { textGraph } from './text';

/** CLIP as evaluation reads it out: L2-normalised float32 vectors [D]. */
export interface ClipEncoder {
  /** @param pixelValues float32 [3,S,S] each, as the model's processor makes them */
  images(pixelValues: readonly Tensor[]): Promise<Float32Array[]>;
  texts(texts: readonly string[]): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

const IMAGES = 8;
const TEXTS = 8;

/** Compiles both towers for a fixed batch; the last batch is padded with copies of its last element. */
export async function createEncoder(clip: ClipModel, executor: Executor): Promise<ClipEncoder> {
  const { imageSize, channels } = clip.config.vision;
  const pixels = [channels, imageSize, imageSize];
  const { length } = clip.tokenizer;
  const textOutput = clip.family === 'siglip' ? 'pooler_output' : 'text_embeds';
  const text = textGraph(inFloat32(clip.text), textOutput, TEXTS, length);
  const vision = await executor.compile({ graphs: { embed: embeddingGraph(clip, IMAGES) }, weights: clip.weights });
  const writing = await executor.compile({ graphs: { embed: text.graph }, weights: clip.textWeights });
  return {
    images: (pixelValues) =>
      inBatches(pixelValues, IMAGES, async (batch) => embed(vision, { pixel_values: stack(batch, pixels) }, 'image_embeds', clip.vision.file)),
    texts: (texts) =>
      inBatches(texts, TEXTS, async (batch) => {
        const ids = tensorFrom('int64', [TEXTS, length], batch.flatMap((one) => clip.tokenizer.encode(one)));
        return embed(writing, text.feed(ids), textOutput, clip.text.file);
      }),
    dispose: async () => {
      await vision.dispose();
      await writing.dispose();
    },
  };
}

async function inBatches<T>(items: readonly T[], size: number, run: (batch: T[]) => Promise<Float32Array[]>): Promise<Float32Array[]> {
  const results: Float32Array[] = [];
  for (let at = 0; at < items.length; at += size) {
    const batch = items.slice(at, at + size);
    const padded = [...batch, ...new Array<T>(size - batch.length).fill(batch.at(-1)!)];
    results.push(...(await run(padded)).slice(0, batch.length));
  }
  return results;
}

function stack(tensors: readonly Tensor[], shape: readonly number[]): Tensor {
  const each = sizeOf(shape);
  const data = new Float32Array(tensors.length * each);
  tensors.forEach((tensor, i) => {
    if (tensor.shape.join() !== shape.join()) throw new UserError(`A picture was prepared as [${tensor.shape}], but the model takes [${shape}]`, 'preprocessor_config.json', 'Take preprocessor_config.json and config.json from the same model');
    data.set(tensor.data as Float32Array, i * each);
  });
  return { dtype: 'float32', shape: [tensors.length, ...shape], data };
}

/** v / |v| for each row of the output, in float32. */
async function embed(program: Program, inputs: Record<string, Tensor>, output: string, file: string): Promise<Float32Array[]> {
  const { [output]: result } = await program.run('embed', inputs);
  const [rows, width] = result!.shape as [number, number];
  const values = toNumbers(result!);
  return Array.from({ length: rows }, (_, row) => normalised(Float32Array.from(values.subarray(row * width, (row + 1) * width)), file));
}

function normalised(vector: Float32Array, file: string): Float32Array {
  const norm = Math.hypot(...vector);
  if (norm > 0 && Number.isFinite(norm)) return vector.map((value) => value / norm);
  const what = norm === 0 ? 'The model gives an embedding of zeros, which has no direction' : 'The model gives an embedding that is not finite';
  throw new UserError(what, file, 'Its weights are zero or damaged: take the model from its source again, or train it with a smaller learning rate');
}
