import { KINDS } from '../data/scenes/kinds';
import type { Executor, Program } from '../executors/executor';
import { sizeOf, tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import type { Scene } from '../data/scenes/scene';
import { parseSchedulerConfig } from '../models/config';
import { truths } from '../train/contrastive';
import { RandomStream } from '../train/random';
import { contrastiveLoss, textTower, visionTower } from './clip';
import type { PretrainConfig, StageName } from './config';
import { initialWeights, inlineBytes, Network, type NetworkGraph } from '../train/network';
import { changed, coarseTelling, holds, idsOf, pixelsOf, richCaption, scenesOf, tellingOf, wordsOf, type Telling } from './pictures';
import { unet } from './unet';
import { DOWNSAMPLING, linearStart, vaeEncoder, vaeLoss } from './vae';
import { vocabulary } from './vocabulary';

export type Weights = Readonly<Record<string, Tensor>>;

/** One network's training: its loss, how its weights start, and what each step is fed. */
export interface Stage {
  /** Inputs -> `loss`, and perhaps other scalars that are worth a look. */
  readonly loss: NetworkGraph;
  readonly initial: Weights;
  /** Depends on seed and step alone. */
  feeds(step: number): Promise<Readonly<Record<string, Tensor>>>;
  dispose(): Promise<void>;
}

/** diffusers' scheduler_config.json of nano-SD: Stable Diffusion's own. */
export const SCHEDULER_JSON = `${JSON.stringify({ _class_name: 'DDPMScheduler', num_train_timesteps: 1000, beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', prediction_type: 'epsilon', clip_sample: false }, null, 1)}\n`;

/** The finished weights of earlier stages. */
export type Finished = (stage: StageName) => Promise<Weights>;

export const STAGE_MAKERS: Readonly<Record<StageName, (config: PretrainConfig, executor: Executor, finished: Finished) => Promise<Stage>>> = {
  'clip-text': (config) => Promise.resolve(clipText(config)),
  'clip-vision': clipVision,
  vae: (config) => Promise.resolve(vae(config)),
  unet: unetStage,
};

const nothing = (): Promise<void> => Promise.resolve();

/** Both towers on captions that tell attributes; each picture's caption against one that is wrong in an attribute. */
function clipText(config: PretrainConfig): Stage {
  const { clip, seed, schedules: { 'clip-text': { batch, steps } } } = config;
  const net = new Network('clip-text');
  const { pooled, embeds } = visionTower(net, pixelInput(net, batch, clip.vision.imageSize), clip);
  const texts = textTower(net, net.input('ids', [2 * batch, clip.text.length], 'int64'), clip);
  const loss = withKinds(net, contrastiveLoss(net, embeds, texts.embeds), pooled, batch);
  return {
    ...started(net.build(loss), seed),
    feeds: (step) => {
      const scenes = scenesOf(seed, step, batch);
      const told = scenes.map((scene, draw) => tellingOf(scene, new RandomStream(seed, 'captions', { step, draw })));
      const tellings = [...told.map(({ right }) => right), ...told.map(({ wrong }) => wrong)];
      return Promise.resolve({
        pixels: pixelsOf(scenes, clip.vision.imageSize),
        ids: idsOf(tellings.map(wordsOf), vocabulary().tokenizer),
        text_targets: truths(scenes, tellings, holds),
        picture_targets: truths(tellings.slice(0, batch), scenes, (telling, scene) => holds(scene, telling)),
        ...kindFeeds(scenes.map(({ kind }) => kind), step / steps),
      });
    },
    dispose: nothing,
  };
}

/**
 * The vision tower that has learnt what captions can tell, its last layer and its projection anew, against the frozen text tower on coarse captions: what it knows
 * besides kinds and backgrounds stays in its trunk, and its embedding is not asked for it.
 */
async function clipVision(config: PretrainConfig, executor: Executor, finished: Finished): Promise<Stage> {
  const { clip, seed, schedules: { 'clip-vision': { batch } } } = config;
  const net = new Network('clip-vision');
  const { embeds } = visionTower(net, pixelInput(net, batch, clip.vision.imageSize), clip);
  const loss = net.build([named(net, contrastiveLoss(net, embeds, net.input('text_embeds', [batch, clip.embedding])), 'loss')]);
  const before = await finished('clip-text');
  const anew = [`vision_model.encoder.layers.${clip.vision.layers - 1}.`, 'vision_model.post_layernorm.', 'visual_projection.'];
  const { initial } = started(loss, seed + 1);
  const texts = await frozenText(config, executor, before, batch, 'embeds');
  return {
    loss,
    initial: Object.fromEntries(loss.parameters.map(({ name }) => [name, (anew.some((part) => name.startsWith(part)) ? initial : before)[name]!])),
    feeds: async (step) => {
      const scenes = scenesOf(seed + 1, step, batch);
      const tellings = scenes.map((scene, draw) => coarseTelling(scene, new RandomStream(seed + 1, 'captions', { step, draw })));
      return {
        pixels: pixelsOf(scenes, clip.vision.imageSize),
        text_embeds: await texts.run(tellings.map(wordsOf)),
        text_targets: truths(scenes, tellings, holds),
        picture_targets: truths(tellings, scenes, (telling: Telling, scene) => holds(scene, telling)),
      };
    },
    dispose: () => texts.dispose(),
  };
}

function vae(config: PretrainConfig): Stage {
  const { vae: sizes, seed, klWeight, schedules: { vae: { batch } } } = config;
  const net = new Network('vae');
  const { loss, error } = vaeLoss(net, batch, sizes, klWeight);
  const edge = sizes.imageSize / DOWNSAMPLING;
  const shape = [batch, sizes.latent, edge, edge];
  const { loss: graph, initial } = started(net.build([named(net, loss, 'loss'), error]), seed + 2);
  return {
    loss: graph,
    initial: { ...initial, ...linearStart(pixelsOf(scenesOf(seed + 4, 0, SOME_PICTURES), sizes.imageSize), sizes) },
    feeds: (step) => Promise.resolve({
      pixels: pixelsOf(scenesOf(seed + 2, step, batch), sizes.imageSize),
      noise: { dtype: 'float32', shape, data: new RandomStream(seed + 2, 'noise', { step }).normals(sizeOf(shape)) },
    }),
    dispose: nothing,
  };
}

/**
 * With e the mean over elements of (unet(sqrt(abar) x + sqrt(1 - abar) eps, t, text) - eps)^2, x latents of the frozen VAE and text hidden states of the frozen
 * text tower, the loss is the mean of e over the batch; from `contrastFrom` on, with the second half of the batch the first under captions that are
 * wrong in one attribute, latents, noise and timesteps the same,
 *
 *     mean e_right + 2/D mean softplus(D/2 (e_right - e_wrong)):
 *
 * D e / 2 is a caption's negative log-likelihood where the noise of D elements has variance 1, so the second term is 2/D times the cross entropy of naming
 * the right one of two captions: what a diffusion classifier does.
 */
async function unetStage(config: PretrainConfig, executor: Executor, finished: Finished): Promise<Stage> {
  const { unet: sizes, vae: { imageSize }, seed, captionDropout, contrastFrom, schedules: { unet: { batch } } } = config;
  const net = new Network('unet');
  const shape = [batch, sizes.latent, sizes.latentSize, sizes.latentSize];
  const context = net.input('encoder_hidden_states', [batch, config.clip.text.length, sizes.contextWidth]);
  const predicted = unet(net, net.input('sample', shape), net.input('timestep', [batch], 'int64'), context, sizes);
  const loss = denoisingLoss(net, net.minus(predicted, net.input('noise', shape)));
  const [textWeights, vaeWeights] = [await finished('clip-text'), await finished('vae')];
  const texts = await frozenContexts(config, executor, textWeights, batch);
  const latents = await frozenLatents(config, executor, vaeWeights, batch);
  const scale = await latentScale(config, executor, vaeWeights);
  const { alphasCumprod, trainTimesteps } = parseSchedulerConfig(SCHEDULER_JSON, 'scheduler_config.json');
  return {
    ...started(net.build(loss), seed + 3),
    feeds: async (step) => {
      const pairs = step >= contrastFrom;
      const scenes = scenesOf(seed + 3, step, pairs ? batch / 2 : batch);
      const chance = new RandomStream(seed + 3, 'captions', { step });
      const brief = scenes.map(() => chance.uniform() < BRIEF_SHARE);
      const told = scenes.map((scene, i) => (chance.uniform() < captionDropout ? ['', ''] : brief[i] ? briefly(scene, chance) : [richCaption(scene), richCaption(changed(scene, chance))]));
      const times = new RandomStream(seed + 3, 'timesteps', { step });
      const timesteps = scenes.map(() => times.integer(trainTimesteps));
      const noise = new RandomStream(seed + 3, 'noise', { step }).normals(sizeOf(shape) / (pairs ? 2 : 1));
      const pixels = pixelsOf(scenes, imageSize);
      const whole = (data: ArrayLike<number>): Float32Array<ArrayBuffer> => Float32Array.from({ length: data.length * (pairs ? 2 : 1) }, (_, i) => data[i % data.length]!);
      const clean = await latents.run({ ...pixels, shape: [batch, ...pixels.shape.slice(1)], data: whole(pixels.data as Float32Array) });
      const rows = Array.from({ length: batch }, (_, row) => timesteps[row % scenes.length]!);
      const captions = [...told.map(([right]) => right!), ...(pairs ? told.map(([, wrong]) => wrong!) : [])];
      return {
        sample: noised(clean, whole(noise), rows.map((t) => alphasCumprod[t]!), scale),
        noise: { dtype: 'float32', shape, data: whole(noise) },
        timestep: tensorFrom('int64', [batch], rows),
        encoder_hidden_states: await texts.run(captions, rows.map((_, row) => brief[row % scenes.length]!)),
        row_weights: tensorFrom('float32', [batch], Array.from({ length: batch }, (_, row) => (row < scenes.length ? 1 / scenes.length : 0))),
        contrast_weight: tensorFrom('float32', [], [pairs ? 1 : 0]),
      };
    },
    dispose: async () => {
      await texts.dispose();
      await latents.dispose();
    },
  };
}

/** unetStage's loss, and its two parts: `denoising`, `contrast`. @param difference predicted minus true noise [N,C,h,w] */
function denoisingLoss(net: Network, difference: string): string[] {
  const [batch, ...each] = net.shape(difference) as [number, ...number[]];
  const elements = sizeOf(each);
  const errors = net.builder.add('ReduceMean', [net.times(difference, difference)], { axes: [1, 2, 3], keepdims: false });
  const denoising = net.builder.add('ReduceSum', [net.times(errors, net.input('row_weights', [batch]))], { axes: [0], keepdims: false }, { output: 'denoising' });
  const margin = net.times(net.minus(net.slice(errors, 0, 0, batch / 2), net.slice(errors, 0, batch / 2, batch)), elements / 2);
  const contrast = net.times(net.times(net.mean(net.softplus(margin)), net.input('contrast_weight', [])), 2 / elements);
  return [net.builder.add('Add', [denoising, contrast], {}, { output: 'loss' }), denoising, named(net, contrast, 'contrast')];
}

/** Share of the captions that the UNet is given by their end token alone, which CLIP's embedding is a linear map of; these may leave attributes out. */
const BRIEF_SHARE = 0.5;

function briefly(scene: Scene, random: RandomStream): string[] {
  const { right, wrong } = tellingOf(scene, random);
  return [wordsOf(right), wordsOf(wrong)];
}

interface Contexts {
  /** Hidden states [N,T,width] of captions; where `brief`, the end token's at every place. */
  run(captions: readonly string[], brief: readonly boolean[]): Promise<Tensor>;
  dispose(): Promise<void>;
}

async function frozenContexts(config: PretrainConfig, executor: Executor, weights: Weights, batch: number): Promise<Contexts> {
  const texts = await frozenText(config, executor, weights, batch, 'hidden');
  const { tokenizer } = vocabulary();
  const run = async (captions: readonly string[], brief: readonly boolean[]): Promise<Tensor> => {
    const hidden = await texts.run(captions);
    const [, length, width] = hidden.shape as [number, number, number];
    const data = Float32Array.from(hidden.data as Float32Array);
    captions.forEach((caption, row) => {
      if (!brief[row]) return;
      const ids = tokenizer.encode(caption);
      const end = (row * length + ids.indexOf(Math.max(...ids))) * width;
      for (let place = 0; place < length; place++) data.copyWithin((row * length + place) * width, end, end + width);
    });
    return { ...hidden, data };
  };
  return { run, dispose: () => texts.dispose() };
}

/** sqrt(abar) scale x + sqrt(1 - abar) eps, abar one a sample */
function noised(clean: Tensor, noise: Float32Array, alphas: readonly number[], scale: number): Tensor {
  const each = noise.length / alphas.length;
  const data = noise.map((eps, i) => {
    const abar = alphas[Math.floor(i / each)]!;
    return Math.sqrt(abar) * scale * (clean.data[i] as number) + Math.sqrt(1 - abar) * eps;
  });
  return { dtype: 'float32', shape: clean.shape, data };
}

interface Frozen<T> {
  run(given: T): Promise<Tensor>;
  dispose(): Promise<void>;
}

async function frozenText(config: PretrainConfig, executor: Executor, weights: Weights, batch: number, part: 'hidden' | 'embeds'): Promise<Frozen<readonly string[]>> {
  const net = new Network('text');
  const output = textTower(net, net.input('ids', [batch, config.clip.text.length], 'int64'), config.clip)[part];
  const program = await compileFrozen(executor, net.build([output]), weights);
  return { run: async (texts) => (await program.run('frozen', { ids: idsOf(texts, vocabulary().tokenizer) }))[output]!, dispose: () => program.dispose() };
}

async function frozenLatents(config: PretrainConfig, executor: Executor, weights: Weights, batch: number): Promise<Frozen<Tensor>> {
  const net = new Network('latents');
  const moments = vaeEncoder(net, pixelInput(net, batch, config.vae.imageSize), config.vae);
  const output = net.slice(moments, 1, 0, config.vae.latent);
  const program = await compileFrozen(executor, net.build([output]), weights);
  return { run: async (pixels) => (await program.run('frozen', { pixels }))[output]!, dispose: () => program.dispose() };
}

function compileFrozen(executor: Executor, { graph, parameters }: NetworkGraph, weights: Weights): Promise<Program> {
  const state = Object.fromEntries(parameters.map(({ name }) => [name, weights[name]!]));
  return executor.compile({ graphs: { frozen: graph }, state, weights: inlineBytes });
}

/** Training pictures that say how pictures and latents vary. */
const SOME_PICTURES = 256;

/** What makes the latents of training pictures vary by 1: three significant digits of 1 / their standard deviation. */
export async function latentScale(config: PretrainConfig, executor: Executor, weights: Weights): Promise<number> {
  const latents = await frozenLatents(config, executor, weights, SOME_PICTURES);
  try {
    const values = toNumbers(await latents.run(pixelsOf(scenesOf(config.seed + 4, 0, SOME_PICTURES), config.vae.imageSize)));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Number((1 / Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)).toPrecision(3));
  } finally {
    await latents.dispose();
  }
}

function pixelInput(net: Network, batch: number, size: number): string {
  return net.input('pixels', [batch, 3, size, size]);
}

/** Share of a run after which the kinds are no longer told apart by a head of their own. */
const KINDS_UNTIL = 0.4;

/** The loss with kind_weight times the cross entropy of a linear head that names the kind; `kind_right`: its part. */
function withKinds(net: Network, loss: string, pooled: string, batch: number): string[] {
  const kinds = net.crossEntropy(net.linear('kind_head', pooled, KINDS.length), net.input('kind_targets', [batch, KINDS.length]));
  return [net.builder.add('Add', [loss, net.times(kinds, net.input('kind_weight', []))], {}, { output: 'loss' }), named(net, loss, 'contrastive'), named(net, kinds, 'kinds')];
}

function kindFeeds(kinds: readonly string[], progress: number): Record<string, Tensor> {
  const names = KINDS.map(({ name }) => name);
  return { kind_targets: truths(kinds, names, (a, b) => a === b), kind_weight: tensorFrom('float32', [], [Math.max(0, 1 - progress / KINDS_UNTIL)]) };
}

function named(net: Network, value: string, name: string): string {
  return net.reshape(value, net.shape(value), name);
}

function started(loss: NetworkGraph, seed: number): Pick<Stage, 'loss' | 'initial'> {
  return { loss, initial: initialWeights(loss.parameters, seed) };
}
