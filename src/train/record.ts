import { tensorFrom, type Tensor } from '../ir/tensor';
import type { DrawRecorder } from './draws';
import { PROMPT, type PreparedStep } from './prepare';
import type { Samples } from './samples';
import type { TrainSetup } from './trainer';

/** What one step came to. */
export interface RunRecord {
  readonly loss: number;
  /** [micro-batch, draw], row-major. */
  readonly parts: readonly number[];
  readonly lr: number;
  readonly gradNorm: number;
}

export interface Recorded {
  readonly setup: TrainSetup;
  readonly prepared: PreparedStep;
  readonly samples: Samples;
  readonly context: Tensor;
  readonly drawn: ReturnType<DrawRecorder['finish']>;
  readonly history: readonly RunRecord[];
  readonly final: Readonly<Record<string, Tensor>>;
}

/** A run as a draws file: what was drawn, the pictures it used, where it began and what came of it. */
export async function recordRun({ setup, prepared, samples, context, drawn, history, final }: Recorded): Promise<{ tensors: Record<string, Tensor>; metadata: Record<string, string> }> {
  const { settings, diffusion } = setup;
  const steps = history.length;
  const ids = diffusion.tokenizer.encode(PROMPT).slice(0, prepared.textTokens);
  const floats = (shape: readonly number[], values: readonly number[]): Tensor => tensorFrom('float32', shape, values);
  const tensors: Record<string, Tensor> = {
    ...drawn.tensors,
    ...(await usedPictures(samples, drawn.pictures)),
    text_ids: tensorFrom('int64', [1, ids.length], ids),
    text_context: context,
    loss: floats([steps], history.map(({ loss }) => loss)),
    loss_parts: floats([steps, settings.accumulate, settings.draws], history.flatMap(({ parts }) => parts)),
    lr: floats([steps], history.map(({ lr }) => lr)),
    grad_norm: floats([steps], history.map(({ gradNorm }) => gradNorm)),
  };
  for (const [name, tensor] of Object.entries(prepared.initial)) tensors[`init/${name}`] = tensor;
  for (const [name, tensor] of Object.entries(final)) tensors[`final/${name}`] = tensor;
  const { condition } = prepared;
  const metadata: Record<string, string> = {
    base_lr: String(settings.lr), momentum: String(settings.momentum), warmup: String(settings.warmup), seed: String(settings.seed), recipe: settings.recipe, condition: condition.kind,
    ...(condition.kind === 'pooled+average' && { pool: String(condition.pool) }),
    ...(settings.clipNorm !== undefined && { clip_norm: String(settings.clipNorm) }),
  };
  return { tensors, metadata };
}

async function usedPictures(samples: Samples, used: readonly number[]): Promise<Record<string, Tensor>> {
  const [images, pixels, latents]: Tensor[][] = [[], [], []];
  for (const index of used) {
    const crop = await samples.crop(index);
    if (crop) images!.push({ dtype: 'uint8', shape: [crop.height, crop.width, 3], data: crop.data });
    const { sample } = await samples.first([index]);
    pixels!.push(sample.pixelValues);
    latents!.push(sample.latents);
  }
  return { pixel_values: joined(pixels!), latents: joined(latents!), ...(images!.length === used.length && { images: joined(images!) }) };
}

function joined(tensors: readonly Tensor[]): Tensor {
  const { dtype, shape } = tensors[0]!;
  const whole = tensorFrom(dtype, [tensors.length, ...shape], new Uint8Array(tensors.length * tensors[0]!.data.length));
  tensors.forEach(({ data }, i) => whole.data.set(data as never, i * data.length));
  return { ...whole };
}
