import type { Executor, Program } from '../executors/executor';
import { UserError } from '../ir/errors';
import { typeOf } from '../ir/graph';
import { cast, tensorFrom, tensorFromBytes, toNumbers, type Tensor } from '../ir/tensor';
import { withText, type ClipModel } from '../models/clip';
import { logitScale, towerOrigins } from '../models/export';
import { inFloat32 } from '../models/files';
import { textGraph, type TextGraph } from '../models/text';
import { appendGraph } from '../passes/compose';
import { parametersAsInputs } from '../passes/parameters';
import type { LossGraph } from '../recipes/diva';
import { adamwGraph, adamwInputs, adamwState, type AdamWOptions } from './adamw';
import { infoNce, truths } from './contrastive';
import { Network } from './network';
import { RandomStream } from './random';
import { learningRate } from './schedule';
import { accumulateGraph } from './step';

export interface RealignSettings {
  readonly steps: number;
  readonly lr: number;
  readonly seed: number;
  /** Pictures of a step at most, each with one of its captions. */
  readonly batch: number;
}

/** What `realign` takes where nobody says otherwise. */
export const REALIGN: Omit<RealignSettings, 'seed'> = { steps: 100, lr: 1e-4, batch: 64 };

/** Pictures as the frozen vision tower embeds them, and what is said of them. */
export interface CaptionedEmbeddings {
  /** L2-normalised, [D] each. */
  readonly embeddings: readonly Float32Array[];
  /** Every picture has one or more; a caption is true of all pictures that have one of the same words. */
  readonly captions: readonly { readonly text: string; readonly picture: number }[];
}

export interface RealignMetrics {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
}

const OUTPUT = 'text_embeds';
const TEXT_PREFIX = 'text/';
const WARMUP = 0.1;
/** CLIP's own optimiser but for the decay, which would pull at words that no caption has; the last weights count, not their average. */
const OPTIMIZER: AdamWOptions = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0, clipNorm: 1, average: 0 };

/**
 * Aligns a CLIP's text tower with its vision tower again by CLIP's own loss (infoNce) under the model's logit scale, both of which stay as they are. The same model,
 * captions and settings give the same text tower.
 *
 * @param onStep called after each step
 * @returns the model with its new text weights
 */
export async function realign(clip: ClipModel, captioned: CaptionedEmbeddings, settings: RealignSettings, executor: Executor, onStep?: (metrics: RealignMetrics) => void): Promise<ClipModel> {
  const draws = new CaptionDraws(captioned, settings);
  const { length } = clip.tokenizer;
  const text = textGraph(inFloat32(clip.text), OUTPUT, draws.batch, length);
  const parameters = await textParameters(clip, text);
  const loss = realignLoss(text, Object.keys(parameters), draws.batch, await logitScale(clip));
  const shapes = Object.entries(parameters).map(([name, { shape }]) => ({ name, shape }));
  const program = await executor.compile({
    graphs: { accumulate: accumulateGraph(loss, 1), update: adamwGraph(shapes, OPTIMIZER) },
    state: adamwState(parameters),
    weights: (ref) => clip.textWeights(ref.kind === 'file' ? { ...ref, location: ref.location.slice(TEXT_PREFIX.length) } : ref),
  });
  try {
    for (let step = 0; step < settings.steps; step++) {
      const { pictures, texts, ...targets } = draws.draw(step);
      const ids = tensorFrom('int64', [draws.batch, length], texts.flatMap((one) => clip.tokenizer.encode(one)));
      const metrics = await makeStep(program, { ...text.feed(ids), pictures, ...targets }, step, settings);
      onStep?.(metrics);
    }
    return withText(clip, await program.readState(Object.keys(parameters)));
  } finally {
    await program.dispose();
  }
}

async function makeStep(program: Program, inputs: Readonly<Record<string, Tensor>>, step: number, { lr: most, steps }: RealignSettings): Promise<RealignMetrics> {
  const lr = learningRate(step, { lr: most, warmup: WARMUP, steps });
  const loss = toNumbers((await program.run('accumulate', inputs))['loss']!)[0]!;
  const gradNorm = toNumbers((await program.run('update', adamwInputs(step, lr, OPTIMIZER)))['grad_norm']!)[0]!;
  if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw new UserError(`The loss of step ${step + 1} is ${loss}, its gradient ${gradNorm}: the alignment has diverged`, 'realign', 'Lower --lr and start again');
  return { step: step + 1, loss, lr, gradNorm };
}

/** What is drawn for each step: it depends on the seed and the step alone. */
class CaptionDraws {
  /** Pictures of a step. */
  readonly batch: number;
  private readonly texts: readonly (readonly string[])[];
  private epoch = -1;
  private permutation: Uint32Array = new Uint32Array(0);

  /** Throws a UserError if there are no two pictures, or one without a caption. */
  constructor(
    private readonly captioned: CaptionedEmbeddings,
    private readonly settings: RealignSettings,
  ) {
    const { embeddings, captions } = captioned;
    if (embeddings.length < 2) throw new UserError(`There ${embeddings.length ? 'is one picture' : 'are no pictures'} to tell apart`, 'realign', 'Give two pictures with captions at least');
    const texts = embeddings.map((): string[] => []);
    for (const { text, picture } of captions) texts[picture]!.push(text);
    const silent = texts.findIndex((own) => !own.length);
    if (silent >= 0) throw new UserError(`Picture ${silent + 1} has no caption`, 'realign', 'Give every picture a caption');
    this.texts = texts;
    this.batch = Math.min(settings.batch, embeddings.length);
  }

  /** `pictures` [B,D], a caption of each, and which of the captions are true of which of the pictures, from both sides. */
  draw(step: number): { readonly texts: readonly string[]; readonly pictures: Tensor; readonly text_targets: Tensor; readonly picture_targets: Tensor } {
    const { embeddings } = this.captioned;
    const chosen = Array.from({ length: this.batch }, (_, i) => this.at(step * this.batch + i));
    const texts = chosen.map((picture, draw) => {
      const own = this.texts[picture]!;
      return own[new RandomStream(this.settings.seed, 'captions', { step, draw }).integer(own.length)]!;
    });
    const holds = (picture: number, text: string): boolean => this.texts[picture]!.includes(text);
    return {
      texts,
      pictures: tensorFrom('float32', [this.batch, embeddings[0]!.length], chosen.flatMap((picture) => Array.from(embeddings[picture]!))),
      text_targets: truths(chosen, texts, holds),
      picture_targets: truths(texts, chosen, (text, picture) => holds(picture, text)),
    };
  }

  /** The picture at a place in the run: every epoch has all of them, in an order of its own. */
  private at(place: number): number {
    const count = this.texts.length;
    const epoch = Math.floor(place / count);
    if (epoch !== this.epoch) [this.epoch, this.permutation] = [epoch, new RandomStream(this.settings.seed, 'order', { step: epoch }).permutation(count)];
    return this.permutation[place % count]!;
  }
}

/** The text tower's weights as float32, by initializer. */
async function textParameters(clip: ClipModel, { graph }: TextGraph): Promise<Record<string, Tensor>> {
  if (clip.family === 'siglip') throw new UserError('A SigLIP is not aligned by CLIP\'s loss', clip.text.file, 'Use a CLIP');
  const parameters: Record<string, Tensor> = {};
  for (const { initializer } of (await towerOrigins(clip, 'text')).values()) {
    const ref = graph.initializers.get(initializer);
    if (ref) parameters[initializer] = cast(tensorFromBytes(ref.dtype, typeOf(graph, initializer).shape, await clip.textWeights(ref)), 'float32');
  }
  return parameters;
}

/** `pictures` [B,D], the text graph's inputs and infoNce's targets -> `loss` */
export function realignLoss({ graph }: TextGraph, parameters: readonly string[], batch: number, scale: number): LossGraph {
  const net = new Network('realign');
  const trained = parametersAsInputs(graph, parameters);
  const bindings = Object.fromEntries(trained.inputs.map((name) => [name, net.builder.input(name, typeOf(trained, name))]));
  const texts = appendGraph(net.builder, trained, TEXT_PREFIX, bindings).get(OUTPUT)!;
  const pictures = net.input('pictures', [batch, net.shape(texts)[1]!]);
  return { graph: net.build([net.reshape(infoNce(net, pictures, texts, scale), [], 'loss')]).graph, parameters };
}
