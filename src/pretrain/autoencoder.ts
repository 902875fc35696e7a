import type { Executor } from '../executors/executor';
import { sizeOf, type Tensor } from '../ir/tensor';
import { encodeLatents, type DiffusionModel } from '../models/diffusion';
import { inFloat32, loadOnnx, needFile } from '../models/files';
import { specialise } from '../onnx/import';

const BATCH = 32;

/** The pictures after the VAE's encoder and decoder, float32 [N,3,S,S] as given. */
export async function reconstruct(model: DiffusionModel, executor: Executor, pixels: Tensor): Promise<Tensor> {
  const encoder = await encodeLatents(model, executor, BATCH);
  try {
    return await decode(model, executor, await inBatches(pixels, (batch) => encoder.run(batch)));
  } finally {
    await encoder.dispose();
  }
}

/** latents [N,C,h,w], scaled as the UNet takes them -> pixels [N,3,S,S] in about -1..1 */
export async function decode(model: DiffusionModel, executor: Executor, latents: Tensor): Promise<Tensor> {
  const { model: decoder, weights } = await loadOnnx(model.tree, needFile(model.tree, ['vae_decoder/model.onnx']));
  const [input, output] = [decoder.graph.inputs[0]!.name, decoder.graph.outputs[0]!];
  const graph = specialise(inFloat32(decoder), { shapes: { [input]: [BATCH, ...latents.shape.slice(1)] } });
  const program = await executor.compile({ graphs: { decode: graph }, weights });
  const plain = { ...latents, data: (latents.data as Float32Array).map((value) => value / model.scalingFactor) };
  try {
    return await inBatches(plain, async (batch) => (await program.run('decode', { [input]: batch }))[output]!);
  } finally {
    await program.dispose();
  }
}

/** Peak signal-to-noise ratio over all pixels, in dB. @param pixels and @param again in -1..1 */
export function psnr(pixels: Float32Array, again: Float32Array): number {
  return -10 * Math.log10(pixels.reduce((sum, value, i) => sum + ((value - again[i]!) / 2) ** 2, 0) / again.length);
}

/** Runs what takes batches of exactly BATCH on any number of rows. */
async function inBatches(given: Tensor, run: (batch: Tensor) => Promise<Tensor>): Promise<Tensor> {
  const [rows, ...own] = given.shape as [number, ...number[]];
  const parts: Tensor[] = [];
  for (let at = 0; at < rows; at += BATCH) {
    const data = new Float32Array(BATCH * sizeOf(own));
    data.set((given.data as Float32Array).subarray(at * sizeOf(own), (at + BATCH) * sizeOf(own)));
    parts.push(await run({ dtype: 'float32', shape: [BATCH, ...own], data }));
  }
  const shape = [rows, ...parts[0]!.shape.slice(1)];
  const data = new Float32Array(sizeOf(shape));
  parts.forEach((part, i) => data.set((part.data as Float32Array).subarray(0, data.length - i * part.data.length), i * part.data.length));
  return { dtype: 'float32', shape, data };
}
