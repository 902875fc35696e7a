import { z } from 'zod';
import { findFile, subtree, type FileEntry, type FileTree } from '../data/files';
import { parseJson } from '../data/json';
import { misplaced } from '../data/layouts';
import type { Executor, WeightReader } from '../executors/executor';
import { UserError } from '../ir/errors';
import { typeOf, type Graph } from '../ir/graph';
import { tensorFrom, type Tensor } from '../ir/tensor';
import type { Model } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { GraphBuilder } from '../ops/builder';
import { prune } from '../passes/prune';
import { parseSchedulerConfig } from './config';
import { inFloat32, loadOnnx, needFile, readText, rootWith, under, withWeights } from './files';
import { textGraph } from './text';
import { loadTokenizer, tokenizerFiles, type Tokenizer } from './tokenizer';

export { unetGraph } from './unet';

/** The forward process: x_t = sqrt(alphasCumprod[t]) x_0 + sqrt(1 - alphasCumprod[t]) eps. */
export interface Scheduler {
  /** [trainTimesteps] */
  readonly alphasCumprod: Float64Array;
  /** What the UNet predicts: eps, or v = sqrt(abar) eps - sqrt(1 - abar) x_0. */
  readonly predictionType: 'epsilon' | 'v_prediction';
  readonly trainTimesteps: number;
}

export interface DiffusionModel {
  readonly name: string;
  readonly unet: Model;
  readonly unetWeights: WeightReader;
  readonly vaeEncoder: Model;
  readonly vaeWeights: WeightReader;
  readonly textEncoder: Model;
  readonly textWeights: WeightReader;
  readonly tokenizer: Tokenizer;
  readonly scheduler: Scheduler;
  /** Width and number of the context tokens that the text encoder gives. */
  readonly contextWidth: number;
  readonly contextLength: number;
  readonly latentChannels: number;
  /** Pixels on a side of the pictures the model was trained on, and elements on a side of their latents. */
  readonly imageSize: number;
  readonly latentSize: number;
  /** latent = mean of the VAE encoder * scalingFactor */
  readonly scalingFactor: number;
  /** The model's folder. */
  readonly tree: FileTree;
}

const size = z.number().int().min(1).max(1 << 16);
const unetConfig = z.object({ in_channels: size.optional(), sample_size: size.optional(), cross_attention_dim: size.optional() });
const vaeConfig = z.object({ scaling_factor: z.number().positive().optional(), shift_factor: z.literal(0).nullish(), block_out_channels: z.array(size).min(1).optional() });
const textConfig = z.object({ hidden_size: size.optional(), max_position_embeddings: size.optional() });

/** What Stable Diffusion 1 and 2 have, for exports that come without their config files. */
const STABLE_DIFFUSION = { latentSize: 64, channels: 4, downsampling: 8, scalingFactor: 0.18215 };

const UNET = ['unet/model.onnx', 'unet/model_fp16.onnx'];
const VAE_ENCODER = ['vae_encoder/model.onnx', 'vae_encoder/model_fp16.onnx'];
const TEXT_ENCODER = ['text_encoder/model.onnx', 'text_encoder/model_fp16.onnx'];

/** Where the VAE's config may lie: what it says of the latents holds for both halves. */
const VAE_FOLDERS = ['vae_encoder', 'vae', 'vae_decoder'];

/** The files of a diffusion model in the layout of diffusers' ONNX pipelines and of Optimum, which may lie any number of folders deep. */
function partsOf(tree: FileTree) {
  const found = rootWith(tree, UNET) ?? rootWith(tree, ['model_index.json']);
  const other = found === undefined ? misplaced(tree, 'diffusion') : undefined;
  if (other) throw other;
  const root = found ?? '';
  const folder = under(tree, root);
  const [unet, vae, text, scheduler] = [UNET, VAE_ENCODER, TEXT_ENCODER, ['scheduler/scheduler_config.json']].map((places) => needFile(folder, places));
  const configs = { unet: configIn(folder, ['unet']), vae: configIn(folder, VAE_FOLDERS), text: configIn(folder, ['text_encoder']) };
  return { root, folder, unet: unet!, vae: vae!, text: text!, scheduler: scheduler!, configs };
}

/** Paths of the files that {@link loadDiffusion} reads, at once or when the model is run: a repository holds many more. Throws a UserError that names what is missing. */
export function diffusionPaths(tree: FileTree): string[] {
  const { root, folder, unet, vae, text, scheduler, configs } = partsOf(tree);
  const inFolder = [scheduler, ...Object.values(configs), ...[unet, vae, text].flatMap((file) => withWeights(folder, file))];
  const tokenizer = Object.values(tokenizerFiles(subtree(folder, 'tokenizer')));
  return [...inFolder.flatMap((file) => (file ? [root + file.path] : [])), ...tokenizer.flatMap((file) => (file ? [`${root}tokenizer/${file.path}`] : []))];
}

/** Loads the model. Throws a UserError that names what is missing or wrong. */
export async function loadDiffusion(tree: FileTree): Promise<DiffusionModel> {
  const parts = partsOf(tree);
  const { folder } = parts;
  const scheduler = parseSchedulerConfig(await readText(parts.scheduler), parts.scheduler.path);
  const configs = { unet: await readConfig(parts.configs.unet, unetConfig), vae: await readConfig(parts.configs.vae, vaeConfig), text: await readConfig(parts.configs.text, textConfig) };
  const tokenizer = await loadTokenizer(subtree(folder, 'tokenizer'), configs.text.max_position_embeddings);
  const [unet, vae, text] = [await loadOnnx(folder, parts.unet), await loadOnnx(folder, parts.vae), await loadOnnx(folder, parts.text)];
  return {
    name: folder.name.split('/').at(-1) ?? folder.name,
    unet: unet.model, unetWeights: unet.weights, vaeEncoder: vae.model, vaeWeights: vae.weights, textEncoder: text.model, textWeights: text.weights,
    tokenizer, scheduler, contextLength: tokenizer.length, tree: folder, ...sizesOf(unet.model, configs),
  };
}

interface Configs {
  readonly unet: z.infer<typeof unetConfig>;
  readonly vae: z.infer<typeof vaeConfig>;
  readonly text: z.infer<typeof textConfig>;
}

type Sizes = Pick<DiffusionModel, 'contextWidth' | 'latentChannels' | 'imageSize' | 'latentSize' | 'scalingFactor'>;

/** Sizes that the UNet's inputs fix, else those of the config files, else Stable Diffusion's. */
function sizesOf(unet: Model, configs: Configs): Sizes {
  const fixed = (input: string, axis: number): number | undefined => {
    const dim = unet.graph.inputs.find(({ name }) => name === input)?.shape[axis];
    return typeof dim === 'number' ? dim : undefined;
  };
  const contextWidth = fixed('encoder_hidden_states', 2) ?? configs.unet.cross_attention_dim ?? configs.text.hidden_size;
  if (contextWidth === undefined) throw new UserError('The width of the context is not known: the UNet leaves it open, and unet/config.json states no cross_attention_dim', unet.file, 'Add unet/config.json from the model\'s repository');
  const text = configs.text.hidden_size ?? contextWidth;
  if (text !== contextWidth) throw new UserError(`The UNet takes a context ${contextWidth} wide, but the text encoder's is ${text} wide`, unet.file, 'Take UNet and text encoder from the same model');
  const latentSize = fixed('sample', 2) ?? configs.unet.sample_size ?? STABLE_DIFFUSION.latentSize;
  const blocks = configs.vae.block_out_channels?.length;
  return {
    contextWidth,
    latentChannels: fixed('sample', 1) ?? configs.unet.in_channels ?? STABLE_DIFFUSION.channels,
    latentSize,
    imageSize: latentSize * (blocks === undefined ? STABLE_DIFFUSION.downsampling : 2 ** (blocks - 1)),
    scalingFactor: configs.vae.scaling_factor ?? STABLE_DIFFUSION.scalingFactor,
  };
}

function configIn(tree: FileTree, folders: readonly string[]): FileEntry | undefined {
  return folders.map((folder) => findFile(tree, `${folder}/config.json`)).find((found) => found !== undefined);
}

async function readConfig<T>(file: FileEntry | undefined, schema: z.ZodType<T>): Promise<T> {
  return file ? parseJson(await readText(file), file.path, schema) : schema.parse({});
}

/** sample [B,3,H,W] in -1..1 -> latents [B,C,h,w], the encoder's mean * scalingFactor. A draw that an export makes inside is left out. */
export function latentGraph(model: DiffusionModel, batch: number): Graph {
  const [input] = model.vaeEncoder.graph.inputs;
  const output = ['latent_parameters', 'latent_sample'].find((name) => model.vaeEncoder.graph.outputs.includes(name)) ?? model.vaeEncoder.graph.outputs[0]!;
  const graph = prune({ ...specialise(inFloat32(model.vaeEncoder), { shapes: { [input!.name]: [batch, 3, model.imageSize, model.imageSize] } }), outputs: [output] });
  const builder = new GraphBuilder(graph.name, graph);
  const { shape } = typeOf(graph, output);
  const moments = model.latentChannels * 2;
  if (shape[1] !== model.latentChannels && shape[1] !== moments) throw new UserError(`The VAE encoder gives ${shape[1]} channels, but the UNet takes ${model.latentChannels}`, model.vaeEncoder.file, 'Take VAE and UNet from the same model');
  const ends = [batch, model.latentChannels, ...shape.slice(2)];
  const mean = shape[1] === moments ? builder.add('Slice', [output], { starts: shape.map(() => 0), ends, steps: shape.map(() => 1) }) : output;
  return builder.build([builder.add('Mul', [mean, builder.constant(model.scalingFactor)], {}, { output: 'latents' })]);
}

export interface LatentEncoder {
  /** @param pixels float32 [B,3,H,W] in -1..1 @returns mean * scalingFactor, float32 [B,C,h,w] */
  run(pixels: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** Compiles the VAE encoder for batches of exactly this size. */
export async function encodeLatents(model: DiffusionModel, executor: Executor, batch: number): Promise<LatentEncoder> {
  const graph = latentGraph(model, batch);
  const program = await executor.compile({ graphs: { encode: graph }, weights: model.vaeWeights });
  return {
    run: async (pixels) => (await program.run('encode', { [graph.inputs[0]!]: pixels }))['latents']!,
    dispose: () => program.dispose(),
  };
}

/** The text encoder's last hidden state for one text, float32 [1,T,C]; the text is padded to the model's context. */
export async function textContext(model: DiffusionModel, executor: Executor, text: string): Promise<Tensor> {
  const { textEncoder, tokenizer, contextLength, contextWidth } = model;
  const output = textEncoder.graph.outputs.includes('last_hidden_state') ? 'last_hidden_state' : textEncoder.graph.outputs[0]!;
  const { graph, feed } = textGraph(inFloat32(textEncoder), output, 1, contextLength);
  const { shape } = typeOf(graph, output);
  if (shape.length !== 3 || shape[2] !== contextWidth) throw new UserError(`The text encoder's ${output} has the shape [${shape}], but the UNet takes a context ${contextWidth} wide`, textEncoder.file, 'Take UNet and text encoder from the same model');
  const program = await executor.compile({ graphs: { encode: graph }, weights: model.textWeights });
  try {
    return (await program.run('encode', feed(tensorFrom('int64', [1, contextLength], tokenizer.encode(text)))))[output]!;
  } finally {
    await program.dispose();
  }
}
