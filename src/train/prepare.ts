import type { Executor, WeightReader } from '../executors/executor';
import { UserError } from '../ir/errors';
import { typeOf, type Graph } from '../ir/graph';
import { cast, describe, sizeOf, tensorFromBytes, type Tensor } from '../ir/tensor';
import { tokenGraph, type ClipModel } from '../models/clip';
import { trainedParameters } from '../models/scope';
import { textContext, unetGraph, type DiffusionModel } from '../models/diffusion';
import { addsByPosition, resolveCondition, tokenCount, type Condition } from '../recipes/condition';
import { CLIP_PREFIX, divaLoss, PROJECTION_BIAS, PROJECTION_WEIGHT, UNET_PREFIX } from '../recipes/diva';
import type { RunSettings } from '../recipes/settings';
import { CAPTIONS } from './distillation';
import type { DrawsFile } from './draws-file';
import { optimizerOf, type Optimizer } from './optimizer';
import { RandomStream } from './random';
import { accumulateGraph, type StepGraphs } from './step';

/** The text that DIVA conditions on beside the picture: its template filled with nothing. */
export const PROMPT = 'a photo of a .';

export interface PreparedStep {
  readonly graphs: StepGraphs;
  readonly optimizer: Optimizer;
  readonly weights: WeightReader;
  /** float32, as the run starts. */
  readonly initial: Readonly<Record<string, Tensor>>;
  readonly condition: Condition;
  readonly patchTokens: number;
  /** How many of the text's tokens are fed. */
  readonly textTokens: number;
  /** Of one picture: [c,h,w]. */
  readonly latentShape: readonly number[];
}

export interface StepParts {
  readonly clip: ClipModel;
  readonly diffusion: DiffusionModel;
  readonly settings: RunSettings;
  readonly draws?: DrawsFile;
}

/** The step graphs of a run, their weights and the parameters that it starts from. Throws a UserError if the parts do not fit together. */
export async function prepareStep({ clip, diffusion, settings, draws }: StepParts): Promise<PreparedStep> {
  const tokens = tokenGraph(clip, settings.microBatch);
  const patchTokens = typeOf(tokens, 'patch_tokens').shape[1]!;
  const condition = chooseCondition(clip, patchTokens, settings, draws);
  const unet = unetGraph(diffusion, settings.microBatch, tokenCount(condition, patchTokens));
  const context = draws?.tensors.get('text_context');
  const [, textTokens, width] = context?.shape ?? [1, diffusion.contextLength, diffusion.contextWidth];
  if (width !== diffusion.contextWidth) throw new UserError(`text_context has a width of ${width}, but ${diffusion.name} wants ${diffusion.contextWidth}`, draws!.file, 'Use the diffusion model that the draws were recorded with');
  const parameters = await trainedParameters(tokens, clip, settings.trained);
  const loss = divaLoss({ tokens, parameters, unet, condition, predictionType: diffusion.scheduler.predictionType, textTokens: textTokens!, distillation: settings.distill > 0 ? { weight: settings.distill, captions: CAPTIONS.length } : undefined });
  const stepped = settings.projection === 'text' ? { ...loss, parameters } : loss;
  const optimizer = optimizerOf(settings);
  const initial = await initialParameters(tokens, parameters, clip, loss.graph, settings.seed, draws);
  return {
    graphs: { accumulate: accumulateGraph(stepped, settings.accumulate * settings.draws), update: optimizer.update(stepped), parameters: stepped.parameters },
    optimizer,
    weights: joined({ [CLIP_PREFIX]: clip.weights, [UNET_PREFIX]: diffusion.unetWeights }),
    initial,
    condition,
    patchTokens,
    textTokens: addsByPosition(condition, patchTokens, textTokens!) ? tokenCount(condition, patchTokens) : textTokens!,
    latentShape: typeOf(loss.graph, 'latents').shape.slice(1),
  };
}

/** text_context as the step graph takes it: the text encoder's last hidden state of the prompt, cut to as many tokens as are fed. */
export async function textInput({ diffusion, draws }: Pick<StepParts, 'diffusion' | 'draws'>, { textTokens }: PreparedStep, frozen: Executor): Promise<Tensor> {
  const { shape, data } = draws?.tensors.get('text_context') ?? (await textContext(diffusion, frozen, PROMPT));
  return { dtype: 'float32', shape: [1, textTokens, shape[2]!], data: (data as Float32Array).slice(0, textTokens * shape[2]!) };
}

/** A draws file without patches tells that none were drawn. */
function chooseCondition(clip: ClipModel, patchTokens: number, settings: RunSettings, draws: DrawsFile | undefined): Condition {
  const { condition, patches, pool } = settings;
  const unpicked = draws !== undefined && !draws.tensors.has('draws/patches') && clip.family !== 'siglip';
  const chosen = condition ?? (unpicked ? 'class+all' : undefined);
  return resolveCondition(clip.family, patchTokens, { ...(chosen && { condition: chosen }), ...(patches !== undefined && { patches }), ...(pool !== undefined && { pool }) });
}

async function initialParameters(tokens: Graph, names: readonly string[], clip: ClipModel, loss: Graph, seed: number, draws?: DrawsFile): Promise<Record<string, Tensor>> {
  const initial: Record<string, Tensor> = projection(typeOf(loss, PROJECTION_WEIGHT).shape, seed);
  for (const name of names) {
    const ref = tokens.initializers.get(name)!;
    initial[name] = cast(tensorFromBytes(ref.dtype, typeOf(tokens, name).shape, await clip.weights(ref)), 'float32');
  }
  for (const [key, tensor] of draws?.tensors ?? []) {
    if (!key.startsWith('init/')) continue;
    const name = key.slice('init/'.length);
    if (!Object.hasOwn(initial, name)) throw new UserError(`${key} is no parameter of ${clip.name}`, draws!.file, 'Use the CLIP that the draws were recorded with');
    if (describe(initial[name]) !== describe(tensor)) throw new UserError(`${key} is ${describe(tensor)}, but ${clip.name} has ${describe(initial[name])}`, draws!.file, 'Use the CLIP that the draws were recorded with');
    initial[name] = tensor;
  }
  return initial;
}

/** torch.nn.Linear's default: weight [C,in] and bias [C] uniform within +-1 / sqrt(in). */
function projection(shape: readonly number[], seed: number): Record<string, Tensor> {
  const bound = 1 / Math.sqrt(shape[1]!);
  const draw = (of: readonly number[], micro: number): Tensor => {
    const stream = new RandomStream(seed, 'init', { micro });
    return { dtype: 'float32', shape: of, data: Float32Array.from({ length: sizeOf(of) }, () => (2 * stream.uniform() - 1) * bound) };
  };
  return { [PROJECTION_WEIGHT]: draw(shape, 0), [PROJECTION_BIAS]: draw([shape[0]!], 1) };
}

/** Reads weights whose locations begin with the prefixes of several models. */
function joined(readers: Readonly<Record<string, WeightReader>>): WeightReader {
  return async (ref) => {
    if (ref.kind === 'bytes') return ref.bytes;
    const prefix = Object.keys(readers).find((start) => ref.location.startsWith(start))!;
    return readers[prefix]!({ ...ref, location: ref.location.slice(prefix.length) });
  };
}
