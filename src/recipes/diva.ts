import { typeOf, type Graph } from '../ir/graph';
import { GraphBuilder } from '../ops/builder';
import { appendGraph } from '../passes/compose';
import { parametersAsInputs } from '../passes/parameters';
import { addsByPosition, tokenCount, type Condition } from './condition';
import { appendDistillation, type Distillation } from './distillation';

/** Prefixes of the names, and of the weights' locations, in a loss graph. */
export const CLIP_PREFIX = 'clip/';
export const UNET_PREFIX = 'unet/';

export const PROJECTION_WEIGHT = 'visual_proj.weight';
export const PROJECTION_BIAS = 'visual_proj.bias';

export interface LossParts {
  /** pixel_values -> class_token [B,1,D], patch_tokens [B,P,D], all float32 */
  readonly tokens: Graph;
  /** Names of the initializers of `tokens` that are trained. */
  readonly parameters: readonly string[];
  /** sample [B,c,h,w], timestep int64 [B], encoder_hidden_states [B,N,C] -> noise (or velocity), for the N tokens of the condition */
  readonly unet: Graph;
  readonly condition: Condition;
  readonly predictionType: 'epsilon' | 'v_prediction';
  /** Tokens of the text context before it is cut to the condition's. */
  readonly textTokens: number;
  readonly distillation: Distillation | undefined;
}

export interface LossGraph {
  /**
   * Output `loss` (scalar); inputs are the parameters by name and: pixel_values [B,3,S,S], latents and noise [B,c,h,w], timestep [B] int64, sqrt_abar and
   * sqrt_one_minus_abar [B,1,1,1], text_context [1,T,C], for class+random patches [B,k] int64, and with a distillation captions [K,D] and told [B,K].
   */
  readonly graph: Graph;
  /** The CLIP's parameters, then the projection's. */
  readonly parameters: readonly string[];
}

/**
 * The DIVA loss of one draw (arXiv 2407.20171), the mean over batch and elements:
 *
 *     context = visual_proj(condition(tokens(pixel_values))) + text
 *     x_t     = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps
 *     loss    = mean (unet(x_t, t, context) - target)^2,  target = eps, or v = sqrt(abar_t) eps - sqrt(1 - abar_t) x_0
 *
 * and, where one is asked for, the term of {@link appendDistillation}.
 */
export function divaLoss(parts: LossParts): LossGraph {
  const builder = new GraphBuilder('loss');
  const tokens = appendTokens(builder, parts);
  const context = appendContext(builder, parts, tokens);
  const { noised, target, timestep } = appendDiffusion(builder, parts);
  const predicted = appendGraph(builder, parts.unet, UNET_PREFIX, { sample: noised, timestep, encoder_hidden_states: context }).get(parts.unet.outputs[0]!)!;
  const error = builder.add('Sub', [predicted, target], {});
  const { distillation } = parts;
  const feedback = builder.add('ReduceMean', [builder.add('Mul', [error, error], {})], { axes: builder.type(error).shape.map((_, axis) => axis), keepdims: false }, distillation ? {} : { output: 'loss' });
  const loss = distillation ? builder.add('Add', [feedback, appendDistillation(builder, tokens.first, distillation)], {}, { output: 'loss' }) : feedback;
  return { graph: builder.build([loss]), parameters: [...parts.parameters, PROJECTION_WEIGHT, PROJECTION_BIAS] };
}

interface Tokens {
  /** [B,1,D] */
  readonly first: string;
  /** [B,P,D] */
  readonly patches: string;
}

function appendTokens(builder: GraphBuilder, { tokens, parameters }: LossParts): Tokens {
  const trained = parametersAsInputs(tokens, parameters);
  const bindings = Object.fromEntries(trained.inputs.map((name) => [name, builder.input(name, typeOf(trained, name))]));
  const outputs = appendGraph(builder, trained, CLIP_PREFIX, bindings);
  return { first: outputs.get('class_token')!, patches: outputs.get('patch_tokens')! };
}

/** encoder_hidden_states [B,N,C] */
function appendContext(builder: GraphBuilder, { unet, condition, textTokens }: LossParts, { first, patches }: Tokens): string {
  const [, , D] = builder.type(patches).shape;
  const [, , C] = typeOf(unet, 'encoder_hidden_states').shape;
  const others = pick(builder, patches, condition);
  const picked = others === undefined ? first! : builder.add('Concat', [first, others], { axis: 1 });
  const weight = builder.input(PROJECTION_WEIGHT, { dtype: 'float32', shape: [C!, D!] });
  const bias = builder.input(PROJECTION_BIAS, { dtype: 'float32', shape: [C!] });
  const projected = builder.add('Add', [builder.add('MatMul', [picked, builder.add('Transpose', [weight], { perm: [1, 0] })], {}), bias], {});
  return builder.add('Add', [projected, appendText(builder, condition, builder.type(patches).shape[1]!, textTokens, C!)], {});
}

/** The tokens beside the first, of patch tokens [B,P,D] in raster order. */
function pick(builder: GraphBuilder, patches: string, condition: Condition): string | undefined {
  const [B, P, D] = builder.type(patches).shape as [number, number, number];
  if (condition.kind === 'class+all') return patches;
  if (condition.kind === 'class+random' && condition.patches === 0) return undefined;
  if (condition.kind === 'class+random') {
    const k = condition.patches;
    const chosen = builder.input('patches', { dtype: 'int64', shape: [B, k] });
    const column = builder.add('Reshape', [chosen], { shape: [B, k, 1] });
    return builder.add('GatherElements', [patches, builder.add('Expand', [column], { shape: [B, k, D] })], { axis: 1 });
  }
  // avg_pool1d with kernel = stride: what is left over at the end is dropped.
  const windows = Math.floor(P / condition.pool);
  const whole = builder.add('Slice', [patches], { starts: [0, 0, 0], ends: [B, windows * condition.pool, D], steps: [1, 1, 1] });
  const grouped = builder.add('Reshape', [whole], { shape: [B, windows, condition.pool, D] });
  return builder.add('ReduceMean', [grouped], { axes: [2], keepdims: false });
}

function appendText(builder: GraphBuilder, condition: Condition, patchTokens: number, textTokens: number, width: number): string {
  if (addsByPosition(condition, patchTokens, textTokens)) return builder.input('text_context', { dtype: 'float32', shape: [1, tokenCount(condition, patchTokens), width] });
  return builder.add('ReduceMean', [builder.input('text_context', { dtype: 'float32', shape: [1, textTokens, width] })], { axes: [1], keepdims: true });
}

function appendDiffusion(builder: GraphBuilder, { unet, predictionType }: LossParts): { noised: string; target: string; timestep: string } {
  const { shape } = typeOf(unet, 'sample');
  const float = (name: string, of: readonly number[]): string => builder.input(name, { dtype: 'float32', shape: of });
  const scalars = [shape[0]!, ...shape.slice(1).map(() => 1)];
  const [latents, noise, signal, spread] = [float('latents', shape), float('noise', shape), float('sqrt_abar', scalars), float('sqrt_one_minus_abar', scalars)];
  const timestep = builder.input('timestep', { dtype: 'int64', shape: [shape[0]!] });
  const times = (a: string, b: string): string => builder.add('Mul', [a, b], {});
  const noised = builder.add('Add', [times(signal, latents), times(spread, noise)], {});
  const target = predictionType === 'epsilon' ? noise : builder.add('Sub', [times(signal, noise), times(spread, latents)], {});
  return { noised, target, timestep };
}
