import type { FileTree } from '../data/files';
import { misplaced } from '../data/layouts';
import { parseProcessor, type ProcessorConfig } from '../data/processor';
import type { WeightReader } from '../executors/executor';
import { UserError, unreachable } from '../ir/errors';
import { typeOf, type Graph } from '../ir/graph';
import { bytesOf, cast, describe, isFloat, sizeOf, type Tensor } from '../ir/tensor';
import type { Model } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { GraphBuilder } from '../ops/builder';
import { prune } from '../passes/prune';
import { parseClipConfig, type ClipConfig } from './config';
import { inFloat32, loadOnnx, needFile, readText, rootWith, under, withWeights } from './files';
import { headOnEveryToken } from './surgery';
import { loadTokenizer, tokenizerFiles, type Tokenizer } from './tokenizer';

/** What decides the method's condition. `metaclip` stands for MetaCLIP and DFN. */
export type ClipFamily = 'openai' | 'metaclip' | 'siglip';

export interface ClipModel {
  readonly name: string;
  readonly family: ClipFamily;
  readonly config: ClipConfig;
  /** How a picture becomes pixel values. */
  readonly processor: ProcessorConfig;
  readonly tokenizer: Tokenizer;
  /** pixel_values -> image_embeds (SigLIP: last_hidden_state, pooler_output); its `file` is the path in `tree`. */
  readonly vision: Model;
  /** input_ids -> text_embeds (SigLIP: pooler_output). */
  readonly text: Model;
  /** The model's folder. */
  readonly tree: FileTree;
  readonly weights: WeightReader;
  readonly textWeights: WeightReader;
}

/** Where a tower's file may lie in the model's folder, best first. */
const placesOf = (tower: 'vision' | 'text'): string[] => ['', '_fp16'].flatMap((variant) => [`onnx/${tower}_model${variant}.onnx`, `${tower}_model${variant}.onnx`]);

/** What a model's folder holds beside weights. */
export const CLIP_CONFIGS: readonly string[] = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt', 'spiece.model'];

/** The files of a CLIP or SigLIP in Hugging Face layout, which may lie any number of folders deep. */
function partsOf(tree: FileTree) {
  const found = rootWith(tree, placesOf('vision')) ?? rootWith(tree, placesOf('text'));
  const other = found === undefined ? misplaced(tree, 'clip') : undefined;
  if (other) throw other;
  const root = found ?? rootWith(tree, ['config.json']) ?? '';
  const folder = under(tree, root);
  const [vision, text, config, processor] = [placesOf('vision'), placesOf('text'), ['config.json'], ['preprocessor_config.json']].map((places) => needFile(folder, places));
  return { root, folder, vision: vision!, text: text!, config: config!, processor: processor! };
}

/** Paths of the files that a model needs to be loaded, run and exported: a repository holds many more. Throws a UserError that names what is missing. */
export function clipPaths(tree: FileTree): string[] {
  const { root, folder, vision, text } = partsOf(tree);
  tokenizerFiles(folder);
  const configs = folder.files.filter(({ path }) => CLIP_CONFIGS.includes(path));
  return [...configs, ...withWeights(folder, vision), ...withWeights(folder, text)].map(({ path }) => root + path);
}

/** Loads the model. Throws a UserError that names what is missing or wrong. */
export async function loadClip(tree: FileTree): Promise<ClipModel> {
  const parts = partsOf(tree);
  const { folder } = parts;
  const config = parseClipConfig(await readText(parts.config), parts.config.path);
  const processor = parseProcessor(await readText(parts.processor), parts.processor.path);
  const tokenizer = await loadTokenizer(folder, config.text.contextLength);
  const [vision, text] = [await loadOnnx(folder, parts.vision), await loadOnnx(folder, parts.text)];
  const name = folder.name.split('/').at(-1) ?? folder.name;
  return { name, family: familyOf(config, folder.name), config, processor, tokenizer, vision: vision.model, weights: vision.weights, text: text.model, textWeights: text.weights, tree: folder };
}

function familyOf(config: ClipConfig, folder: string): ClipFamily {
  if (config.modelType === 'siglip') return 'siglip';
  return /metaclip|dfn/i.test(`${config.nameOrPath} ${folder}`) ? 'metaclip' : 'openai';
}

/** pixel_values [B,3,S,S] -> image_embeds [B,D]: CLIP's own embedding, not normalised. */
export function embeddingGraph(clip: ClipModel, batch: number): Graph {
  const output = clip.family === 'siglip' ? needOutput(clip.vision, 'pooler_output') : needOutput(clip.vision, 'image_embeds');
  const graph = prune({ ...visionGraph(clip, batch), outputs: [output] });
  if (output === 'image_embeds') return graph;
  const builder = new GraphBuilder(graph.name, graph);
  return builder.build([builder.add('Reshape', [output], { shape: typeOf(graph, output).shape }, { output: 'image_embeds' })]);
}

/**
 * pixel_values [B,3,S,S] -> class_token [B,1,D], patch_tokens [B,P,D]. CLIP: post_layernorm and projection on every token. SigLIP: the pooled token and
 * the last hidden state.
 */
export function tokenGraph(clip: ClipModel, batch: number): Graph {
  const graph = visionGraph(clip, batch);
  if (clip.family === 'siglip') return siglipTokens(clip, graph);
  const { imageSize, patchSize } = clip.config.vision;
  const patches = Math.floor(imageSize / patchSize) ** 2;
  const all = headOnEveryToken(graph, needOutput(clip.vision, 'image_embeds'), patches + 1, 'tokens');
  const builder = new GraphBuilder(all.name, all);
  const [, , width] = typeOf(all, 'tokens').shape as [number, number, number];
  const part = (from: number, to: number, output: string): string =>
    builder.add('Slice', ['tokens'], { starts: [0, from, 0], ends: [batch, to, width], steps: [1, 1, 1] }, { output });
  return builder.build([part(0, 1, 'class_token'), part(1, patches + 1, 'patch_tokens')]);
}

function siglipTokens({ vision }: ClipModel, graph: Graph): Graph {
  const pooled = needOutput(vision, 'pooler_output');
  const hidden = needOutput(vision, 'last_hidden_state');
  const kept = prune({ ...graph, outputs: [pooled, hidden] });
  const builder = new GraphBuilder(kept.name, kept);
  const [batch, width] = typeOf(kept, pooled).shape as [number, number];
  return builder.build([
    builder.add('Reshape', [pooled], { shape: [batch, 1, width] }, { output: 'class_token' }),
    builder.add('Reshape', [hidden], { shape: typeOf(kept, hidden).shape }, { output: 'patch_tokens' }),
  ]);
}

function visionGraph({ vision, config: { vision: { imageSize, channels } } }: ClipModel, batch: number): Graph {
  return specialise(inFloat32(vision), { shapes: { pixel_values: [batch, channels, imageSize, imageSize] } });
}

function needOutput({ file, graph }: Model, name: string): string {
  if (graph.outputs.includes(name)) return name;
  throw new UserError(`The export has no output ${name}; it gives ${graph.outputs.join(', ')}`, file, `Export the tower with the output ${name}`);
}

/** The vision tower's weights that `graph` uses and training changes: initializers of the file, by their names there. Constants of one element are none. */
export function visionParameters(graph: Graph, clip: ClipModel): string[] {
  return [...clip.vision.graph.weights].filter(([name, { dtype, shape }]) => graph.initializers.has(name) && isFloat(dtype) && sizeOf(shape) > 1).map(([name]) => name);
}

/** The same model with other vision weights, by initializer name; they are rounded to the dtype that the file stores. */
export function withVision(clip: ClipModel, parameters: Readonly<Record<string, Tensor>>): ClipModel {
  return { ...clip, vision: replaceWeights(clip.vision, parameters) };
}

/** The same of the text weights. */
export function withText(clip: ClipModel, parameters: Readonly<Record<string, Tensor>>): ClipModel {
  return { ...clip, text: replaceWeights(clip.text, parameters) };
}

function replaceWeights(model: Model, parameters: Readonly<Record<string, Tensor>>): Model {
  const weights = new Map(model.graph.weights);
  for (const [name, tensor] of Object.entries(parameters)) {
    const old = weights.get(name) ?? unreachable(`${model.file} has no weight ${name}`);
    if (old.shape.join() !== tensor.shape.join()) unreachable(`${name} is ${describe(tensor)} instead of ${describe(old)}`);
    weights.set(name, { dtype: old.dtype, shape: old.shape, ref: { kind: 'bytes', dtype: old.dtype, bytes: bytesOf(cast(tensor, old.dtype)) } });
  }
  return { ...model, graph: { ...model.graph, weights } };
}
