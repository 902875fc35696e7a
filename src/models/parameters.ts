import { UserError } from '../ir/errors';
import { isFloat, sizeOf } from '../ir/tensor';
import type { Model, ModelNode } from '../onnx/decode';
import type { ClipConfig, VisionConfig } from './config';

/** Names and shapes of a vision tower's tensors in transformers: CLIPVisionModelWithProjection, or SiglipVisionModel (as on the hub, under `vision_model.`). */
export function visionTensors(config: VisionConfig): Map<string, readonly number[]> {
  const { hiddenSize: d, intermediateSize: inner, layers, imageSize, patchSize, channels, stem } = config;
  const clip = config.modelType === 'clip';
  const grid = Math.floor(imageSize / patchSize) ** 2;
  const tensors = new Map<string, readonly number[]>();
  const linear = (name: string, out: number, from: number): void => void tensors.set(`${name}.weight`, [out, from]).set(`${name}.bias`, [out]);
  const norm = (name: string): void => void tensors.set(`${name}.weight`, [d]).set(`${name}.bias`, [d]);
  const perceptron = (name: string): void => [`${name}.fc1`, `${name}.fc2`].forEach((layer, i) => (i ? linear(layer, d, inner) : linear(layer, inner, d)));
  stem.forEach((out, i) => tensors.set(`vision_model.embeddings.stem.${i}.weight`, [out, stem[i - 1] ?? channels, 3, 3]).set(`vision_model.embeddings.stem.${i}.bias`, [out]));
  const kernel = patchSize / 2 ** stem.length;
  tensors.set('vision_model.embeddings.patch_embedding.weight', [d, stem.at(-1) ?? channels, kernel, kernel]);
  tensors.set('vision_model.embeddings.position_embedding.weight', [clip ? grid + 1 : grid, d]);
  if (clip) tensors.set('vision_model.embeddings.class_embedding', [d]);
  if (!clip || stem.length) tensors.set('vision_model.embeddings.patch_embedding.bias', [d]);
  if (clip) norm('vision_model.pre_layrnorm');
  encoderTensors(tensors, 'vision_model', { d, inner, layers });
  norm('vision_model.post_layernorm');
  if (clip) return tensors.set('visual_projection.weight', [config.embeddingSize, d]);
  const head = 'vision_model.head';
  tensors.set(`${head}.probe`, [1, 1, d]).set(`${head}.attention.in_proj_weight`, [3 * d, d]).set(`${head}.attention.in_proj_bias`, [3 * d]);
  linear(`${head}.attention.out_proj`, d, d);
  norm(`${head}.layernorm`);
  perceptron(`${head}.mlp`);
  return tensors;
}

/** Names and shapes of the tensors of a CLIP's text tower in transformers, its projection among them. */
export function textTensors({ text: { hiddenSize: d, intermediateSize: inner, layers, vocabSize, contextLength }, vision: { embeddingSize } }: ClipConfig): Map<string, readonly number[]> {
  const tensors = new Map<string, readonly number[]>([['text_model.embeddings.token_embedding.weight', [vocabSize, d]], ['text_model.embeddings.position_embedding.weight', [contextLength, d]]]);
  encoderTensors(tensors, 'text_model', { d, inner, layers });
  return tensors.set('text_model.final_layer_norm.weight', [d]).set('text_model.final_layer_norm.bias', [d]).set('text_projection.weight', [embeddingSize, d]);
}

/** A tower's layers of attention and perceptrons. */
function encoderTensors(tensors: Map<string, readonly number[]>, tower: string, { d, inner, layers }: { readonly d: number; readonly inner: number; readonly layers: number }): void {
  const linear = (name: string, out: number, from: number): void => void tensors.set(`${name}.weight`, [out, from]).set(`${name}.bias`, [out]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `${tower}.encoder.layers.${layer}`;
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) linear(`${name}.self_attn.${part}`, d, d);
    for (const norm of ['layer_norm1', 'layer_norm2']) tensors.set(`${name}.${norm}.weight`, [d]).set(`${name}.${norm}.bias`, [d]);
    linear(`${name}.mlp.fc1`, inner, d);
    linear(`${name}.mlp.fc2`, d, inner);
  }
}

/** Which initializer holds a parameter of the network, and whether the exporter stored it transposed. */
export interface Origin {
  readonly initializer: string;
  readonly transposed: boolean;
}

/** The role that a node's operands have in its module. */
const USES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  MatMul: [undefined, 'weight'], Gemm: [undefined, 'weight', 'bias'], Conv: [undefined, 'weight', 'bias'], LayerNormalization: [undefined, 'weight', 'bias'],
  Mul: ['weight', 'weight'], Add: ['bias', 'bias'], Gather: ['weight'],
};

/**
 * Finds the initializer of every expected tensor. Exporters rename weights that they fold or transpose ("onnx::MatMul_425", "val_12"): these are known by
 * the module that uses them, or by the named bias added to their product, and the rest by being the only ones of their shape.
 *
 * @param expected name -> shape, as visionTensors or textTensors gives them
 * @param modules node name -> module, as moduleOfNodes gives them
 */
export function originsOf(model: Model, expected: ReadonlyMap<string, readonly number[]>, modules: ReadonlyMap<string, string>): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  const aliases = aliasesOf(model);
  const uses = usesOfWeights(model, aliases);
  const transposed = transposedWeights(uses);
  const fits = (initializer: string, shape: readonly number[]): boolean => sameShape(model.graph.weights.get(initializer)!.shape, transposed.has(initializer), shape);
  const claim = (name: string | undefined, initializer: string): void => {
    if (name !== undefined && !origins.has(name) && fits(initializer, expected.get(name)!)) origins.set(name, { initializer, transposed: transposed.has(initializer) });
  };
  const full = (name: string): string | undefined => expectedName(name, expected);
  for (const name of model.graph.weights.keys()) claim(full(name), name);
  for (const [name, initializer] of aliases) claim(full(name), initializer);
  for (const { node, operand, weight } of uses) {
    const [module, role] = [modules.get(node.name), USES[node.op]?.[operand]];
    if (module !== undefined && role !== undefined) claim(full(`${module}.${role}`), weight);
  }
  for (const [product, bias] of addedBiases(model, aliases)) claim(full(bias.replace(/\.bias$/, '.weight')), product);
  for (const [name, initializer] of onlyOnesOfTheirShape(model, expected, origins, fits)) claim(name, initializer);
  const missing = [...expected.keys()].filter((name) => !origins.has(name));
  if (missing.length) {
    const shape = expected.get(missing[0]!)!;
    throw new UserError(`${missing.length} tensors that config.json implies are not among the export's weights, among them ${missing[0]} of shape [${shape}]`, model.file, 'Take config.json and the ONNX file from the same model');
  }
  return origins;
}

/** The expected tensor that a name stands for: exporters wrap a network, or leave its outermost name away. */
function expectedName(name: string, expected: ReadonlyMap<string, unknown>): string | undefined {
  for (let rest = name; rest; rest = rest.includes('.') ? rest.slice(rest.indexOf('.') + 1) : '') {
    const found = [rest, `vision_model.${rest}`, `text_model.${rest}`].find((candidate) => expected.has(candidate));
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Use {
  readonly node: ModelNode;
  readonly operand: number;
  readonly weight: string;
}

type Aliases = ReadonlyMap<string, string>;

/** Other names of a weight, by which an exporter keeps apart parameters whose values are equal. */
function aliasesOf({ graph }: Model): Aliases {
  return new Map(graph.nodes.filter(({ op, inputs }) => op === 'Identity' && graph.weights.has(inputs[0]!)).map(({ inputs, outputs }) => [outputs[0]!, inputs[0]!]));
}

function usesOfWeights({ graph }: Model, aliases: Aliases): Use[] {
  return graph.nodes.flatMap((node) =>
    node.inputs.flatMap((input, operand): Use[] => {
      const weight = aliases.get(input) ?? input;
      return isParameter(graph.weights.get(weight)) ? [{ node, operand, weight }] : [];
    }),
  );
}

function isParameter(weight: { dtype: Parameters<typeof isFloat>[0]; shape: readonly number[] } | undefined): boolean {
  return weight !== undefined && isFloat(weight.dtype) && sizeOf(weight.shape) > 1;
}

/** Weights that are multiplied as they lie stand as [in,out]. */
function transposedWeights(uses: readonly Use[]): Set<string> {
  return new Set(uses.filter(({ node, operand }) => operand === 1 && (node.op === 'MatMul' || (node.op === 'Gemm' && !node.attributes.get('transB')))).map(({ weight }) => weight));
}

/** [weight, bias] of the products x W to which a weight is added. */
function addedBiases({ graph }: Model, aliases: Aliases): [string, string][] {
  const products = new Map(graph.nodes.filter(({ op, inputs }) => op === 'MatMul' && isParameter(graph.weights.get(inputs[1]!))).map((node) => [node.outputs[0]!, node.inputs[1]!]));
  return graph.nodes.filter(({ op }) => op === 'Add').flatMap(({ inputs: [a, b] }): [string, string][] => {
    const [product, bias] = products.has(a!) ? [a!, b!] : [b!, a!];
    return products.has(product) && (graph.weights.has(bias) || aliases.has(bias)) ? [[products.get(product)!, bias]] : [];
  });
}

/** A tensor and a weight that are the only ones left of their shape belong together. */
function onlyOnesOfTheirShape(model: Model, expected: ReadonlyMap<string, readonly number[]>, origins: ReadonlyMap<string, Origin>, fits: (initializer: string, shape: readonly number[]) => boolean): [string, string][] {
  const taken = new Set([...origins.values()].map(({ initializer }) => initializer));
  const free = [...model.graph.weights].filter(([name, weight]) => isParameter(weight) && !taken.has(name)).map(([name]) => name);
  const open = [...expected].filter(([name]) => !origins.has(name));
  return open.flatMap(([name, shape]): [string, string][] => {
    const matching = free.filter((weight) => fits(weight, shape));
    const rivals = open.filter(([, other]) => other.join() === shape.join());
    return matching.length === 1 && rivals.length === 1 ? [[name, matching[0]!]] : [];
  });
}

/** Axes of length 1 in front do not matter: exporters fold a batch axis into an embedding. */
function sameShape(shape: readonly number[], transposed: boolean, wanted: readonly number[]): boolean {
  const bare = (dims: readonly number[]): string => dims.slice(Math.max(0, dims.findIndex((dim) => dim !== 1))).join();
  return bare(transposed ? [...shape].reverse() : shape) === bare(wanted);
}
