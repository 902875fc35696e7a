import { KINDS } from '../data/scenes/kinds';
import type { Executor, Program } from '../executors/executor';
import { sizeOf, tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { parseSchedulerConfig } from '../models/config';
import { RandomStream } from '../train/random';
import { contrastiveLoss, textTower, visionTower } from './clip';
import type { PretrainConfig, StageName } from './config';
import { initialWeights, inlineBytes, Network, type NetworkGraph } from '../train/network';
import { coarseTelling, holds, idsOf, pixelsOf, richCaption, scenesOf, tellingOf, truths, wordsOf, type Telling } from './pictures';
import { unet } from './unet';
import { DOWNSAMPLING, vaeEncoder, vaeLoss } from './vae';
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

/** A fresh vision tower against the frozen text tower, on coarse captions. */
async function clipVision(config: PretrainConfig, executor: Executor, finished: Finished): Promise<Stage> {
  const { clip, seed, schedules: { 'clip-vision': { batch, steps } } } = config;
  const net = new Network('clip-vision');
  const { pooled, embeds } = visionTower(net, pixelInput(net, batch, clip.vision.imageSize), clip);
  const loss = withKinds(net, contrastiveLoss(net, embeds, net.input('text_embeds', [batch, clip.embedding])), pooled, batch);
  const texts = await frozenText(config, executor, await finished('clip-text'), batch, 'embeds');
  return {
    ...started(net.build(loss), seed + 1),
    feeds: async (step) => {
      const scenes = scenesOf(seed + 1, step, batch);
      const tellings = scenes.map((scene, draw) => coarseTelling(scene, new RandomStream(seed + 1, 'captions', { step, draw })));
      return {
        pixels: pixelsOf(scenes, clip.vision.imageSize),
        text_embeds: await texts.run(tellings.map(wordsOf)),
        text_targets: truths(scenes, tellings, holds),
        picture_targets: truths(tellings, scenes, (telling: Telling, scene) => holds(scene, telling)),
        ...kindFeeds(scenes.map(({ kind }) => kind), step / steps),
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
  return {
    ...started(net.build([named(net, loss, 'loss'), error]), seed + 2),
    feeds: (step) => Promise.resolve({
      pixels: pixelsOf(scenesOf(seed + 2, step, batch), sizes.imageSize),
      noise: { dtype: 'float32', shape, data: new RandomStream(seed + 2, 'noise', { step }).normals(sizeOf(shape)) },
    }),
    dispose: nothing,
  };
}

/** mean (unet(sqrt(abar) x + sqrt(1 - abar) eps, t, text) - eps)^2 over latents of the frozen VAE and hidden states of the frozen text tower */
async function unetStage(config: PretrainConfig, executor: Executor, finished: Finished): Promise<Stage> {
  const { unet: sizes, vae: { imageSize }, seed, captionDropout, schedules: { unet: { batch } } } = config;
  const net = new Network('unet');
  const shape = [batch, sizes.latent, sizes.latentSize, sizes.latentSize];
  const context = net.input('encoder_hidden_states', [batch, config.clip.text.length, sizes.contextWidth]);
  const predicted = unet(net, net.input('sample', shape), net.input('timestep', [batch], 'int64'), context, sizes);
  const error = net.minus(predicted, net.input('noise', shape));
  const loss = net.mean(net.times(error, error), 'loss');
  const [textWeights, vaeWeights] = [await finished('clip-text'), await finished('vae')];
  const texts = await frozenText(config, executor, textWeights, batch, 'hidden');
  const latents = await frozenLatents(config, executor, vaeWeights, batch);
  const scale = await latentScale(config, executor, vaeWeights);
  const { alphasCumprod, trainTimesteps } = parseSchedulerConfig(SCHEDULER_JSON, 'scheduler_config.json');
  return {
    ...started(net.build([loss]), seed + 3),
    feeds: async (step) => {
      const scenes = scenesOf(seed + 3, step, batch);
      const chance = new RandomStream(seed + 3, 'captions', { step });
      const captions = scenes.map((scene) => (chance.uniform() < captionDropout ? '' : richCaption(scene)));
      const times = new RandomStream(seed + 3, 'timesteps', { step });
      const timesteps = scenes.map(() => times.integer(trainTimesteps));
      const noise = new RandomStream(seed + 3, 'noise', { step }).normals(sizeOf(shape));
      const clean = await latents.run(pixelsOf(scenes, imageSize));
      return {
        sample: noised(clean, noise, timesteps.map((t) => alphasCumprod[t]!), scale),
        noise: { dtype: 'float32', shape, data: noise },
        timestep: tensorFrom('int64', [batch], timesteps),
        encoder_hidden_states: await texts.run(captions),
      };
    },
    dispose: async () => {
      await texts.dispose();
      await latents.dispose();
    },
  };
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

const SCALE_PICTURES = 256;

/** What makes the latents of training pictures vary by 1: three significant digits of 1 / their standard deviation. */
export async function latentScale(config: PretrainConfig, executor: Executor, weights: Weights): Promise<number> {
  const latents = await frozenLatents(config, executor, weights, SCALE_PICTURES);
  try {
    const values = toNumbers(await latents.run(pixelsOf(scenesOf(config.seed + 4, 0, SCALE_PICTURES), config.vae.imageSize)));
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
