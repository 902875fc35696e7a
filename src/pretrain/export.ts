import { fileInMemory, type FileTree } from '../data/files';
import type { Executor } from '../executors/executor';
import { bytesOf, cast, toNumbers } from '../ir/tensor';
import { loadClip } from '../models/clip';
import { exportClip, type ExportedFile } from '../models/export';
import { encodeModel, STANDARD_FUNCTIONS } from '../onnx/encode';
import { GraphBuilder } from '../ops/builder';
import { appendGraph } from '../passes/compose';
import { inlineFunctions } from '../passes/inline';
import { END, START } from './bpe';
import { textTower, visionTower, type ClipSizes, type Tower } from './clip';
import type { PretrainConfig } from './config';
import { inlineBytes, Network, type NetworkGraph } from '../train/network';
import { latentScale, SCHEDULER_JSON, type Weights } from './stages';
import { unet } from './unet';
import { DOWNSAMPLING, vaeDecoder, vaeEncoder } from './vae';
import { vocabulary } from './vocabulary';

/** What stands for any batch and any number of context tokens while a graph is built; no other dimension is as large. */
const BATCH = 999_983;
const TOKENS = 999_979;

/** The network as an ONNX file for any batch: weights in float16 under their own names, computation in float32. */
async function onnxOf(path: string, { graph, parameters }: NetworkGraph, weights: Weights): Promise<ExportedFile> {
  const builder = new GraphBuilder(graph.name);
  const named = new Set(parameters.map(({ name }) => name));
  const bindings: Record<string, string> = {};
  for (const input of graph.inputs) if (!named.has(input)) bindings[input] = builder.input(input, graph.types.get(input)!);
  for (const { name, shape } of parameters) {
    const half = builder.initializer(name, { dtype: 'float16', shape }, { kind: 'bytes', dtype: 'float16', bytes: bytesOf(cast(weights[name]!, 'float16')) });
    bindings[name] = builder.add('Cast', [half], { to: 'float32' }, { output: `${name}.float32` });
  }
  appendGraph(builder, graph, '', bindings);
  const whole = inlineFunctions(builder.build(graph.outputs), STANDARD_FUNCTIONS);
  return { path, bytes: (await encodeModel(whole, { weights: inlineBytes, open: { batch_size: BATCH, sequence: TOKENS } })).model };
}

/** nano-CLIP in Hugging Face layout, its vision tower of the stage clip-vision and its text tower of clip-text. */
export async function clipFiles(config: PretrainConfig, text: Weights, vision: Weights): Promise<readonly ExportedFile[]> {
  const { clip } = config;
  const files = [
    jsonFile('config.json', clipConfig(clip, toNumbers(vision['logit_scale']!)[0]!)),
    jsonFile('preprocessor_config.json', processorConfig(clip.vision.imageSize)),
    ...tokenizerFiles(''),
    await onnxOf('onnx/vision_model.onnx', visionNetwork(clip), vision),
    await onnxOf('onnx/text_model.onnx', textNetwork(clip, ['text_embeds', 'last_hidden_state']), text),
  ];
  return exportClip(await loadClip(treeOf('nano-clip', files)));
}

/** nano-SD in the layout of diffusers' ONNX pipelines; its text encoder is nano-CLIP's text tower. */
export async function diffusionFiles(config: PretrainConfig, executor: Executor, text: Weights, vae: Weights, denoiser: Weights): Promise<readonly ExportedFile[]> {
  const { unet: sizes, clip } = config;
  const vaeConfig = { ...vaeConfigOf(config), scaling_factor: await latentScale(config, executor, vae) };
  const [encoder, decoder] = vaeNetworks(config);
  return [
    jsonFile('model_index.json', { _class_name: 'StableDiffusionPipeline', ...Object.fromEntries(['unet', 'vae_encoder', 'vae_decoder', 'text_encoder'].map((part) => [part, ['diffusers', 'OnnxRuntimeModel']])), tokenizer: ['transformers', 'CLIPTokenizer'], scheduler: ['diffusers', 'DDPMScheduler'], safety_checker: [null, null], feature_extractor: [null, null] }),
    { path: 'scheduler/scheduler_config.json', bytes: new TextEncoder().encode(SCHEDULER_JSON) },
    ...tokenizerFiles('tokenizer/'),
    jsonFile('text_encoder/config.json', { architectures: ['CLIPTextModel'], model_type: 'clip_text_model', ...textConfig(clip) }),
    await onnxOf('text_encoder/model.onnx', textNetwork(clip, ['last_hidden_state', 'text_embeds']), text),
    jsonFile('vae_encoder/config.json', vaeConfig),
    await onnxOf('vae_encoder/model.onnx', encoder, vae),
    jsonFile('vae_decoder/config.json', vaeConfig),
    await onnxOf('vae_decoder/model.onnx', decoder, vae),
    jsonFile('unet/config.json', unetConfig(config)),
    await onnxOf('unet/model.onnx', unetNetwork(config, sizes.latentSize), denoiser),
  ];
}

/** Files as a tree to load from. */
export function treeOf(name: string, files: readonly ExportedFile[]): FileTree {
  return { name, files: files.map(({ path, bytes }) => fileInMemory(path, bytes)) };
}

function visionNetwork(clip: ClipSizes): NetworkGraph {
  const net = new Network('nano-CLIP vision');
  const { imageSize } = clip.vision;
  const { embeds } = visionTower(net, net.input('pixel_values', [BATCH, 3, imageSize, imageSize]), clip);
  return net.build([net.reshape(embeds, net.shape(embeds), 'image_embeds')]);
}

function textNetwork(clip: ClipSizes, outputs: readonly ('text_embeds' | 'last_hidden_state')[]): NetworkGraph {
  const net = new Network('nano-CLIP text');
  const { embeds, hidden } = textTower(net, net.input('input_ids', [BATCH, clip.text.length], 'int64'), clip);
  const values = { text_embeds: embeds, last_hidden_state: hidden };
  return net.build(outputs.map((output) => net.reshape(values[output], net.shape(values[output]), output)));
}

function vaeNetworks({ vae }: PretrainConfig): [encoder: NetworkGraph, decoder: NetworkGraph] {
  const [encoder, decoder] = [new Network('nano-SD VAE encoder'), new Network('nano-SD VAE decoder')];
  const moments = vaeEncoder(encoder, encoder.input('sample', [BATCH, 3, vae.imageSize, vae.imageSize]), vae);
  const edge = vae.imageSize / DOWNSAMPLING;
  const pixels = vaeDecoder(decoder, decoder.input('latent_sample', [BATCH, vae.latent, edge, edge]), vae);
  return [encoder.build([encoder.reshape(moments, encoder.shape(moments), 'latent_parameters')]), decoder.build([decoder.reshape(pixels, decoder.shape(pixels), 'sample')])];
}

function unetNetwork({ unet: sizes }: PretrainConfig, edge: number): NetworkGraph {
  const net = new Network('nano-SD UNet');
  const sample = net.input('sample', [BATCH, sizes.latent, edge, edge]);
  const timestep = net.input('timestep', [BATCH], 'int64');
  const noise = unet(net, sample, timestep, net.input('encoder_hidden_states', [BATCH, TOKENS, sizes.contextWidth]), sizes);
  return net.build([net.reshape(noise, net.shape(noise), 'out_sample')]);
}

function tower({ width, layers, heads }: Tower): Record<string, unknown> {
  return { hidden_size: width, intermediate_size: 4 * width, num_hidden_layers: layers, num_attention_heads: heads, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 };
}

function textConfig({ text, embedding }: ClipSizes): Record<string, unknown> {
  const { size } = vocabulary();
  return { ...tower(text), vocab_size: text.vocabulary, max_position_embeddings: text.length, projection_dim: embedding, bos_token_id: size - 2, eos_token_id: size - 1, pad_token_id: size - 1 };
}

function clipConfig(clip: ClipSizes, logitScale: number): Record<string, unknown> {
  const { vision, embedding } = clip;
  return {
    _name_or_path: 'seebetter/nano-clip',
    model_type: 'clip',
    projection_dim: embedding,
    logit_scale_init_value: Number(logitScale.toFixed(4)),
    text_config: { model_type: 'clip_text_model', ...textConfig(clip) },
    vision_config: { model_type: 'clip_vision_model', ...tower(vision), image_size: vision.imageSize, patch_size: vision.patchSize, stem_channels: vision.stem, num_channels: 3, projection_dim: embedding },
  };
}

/** Levels to -1..1, as the VAE takes them too. */
function processorConfig(size: number): Record<string, unknown> {
  const half = [0.5, 0.5, 0.5];
  return {
    image_processor_type: 'CLIPImageProcessor', do_convert_rgb: true, do_resize: true, size: { shortest_edge: size }, resample: 3,
    do_center_crop: true, crop_size: { height: size, width: size }, do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, image_mean: half, image_std: half,
  };
}

function vaeConfigOf({ vae: { channels: [wide, deep], latent, imageSize, groups } }: PretrainConfig): Record<string, unknown> {
  return { in_channels: 3, out_channels: 3, block_out_channels: [wide, wide, wide, deep], latent_channels: latent, sample_size: imageSize, norm_num_groups: groups };
}

function unetConfig({ unet: { latent, latentSize, channels, groups, heads, contextWidth } }: PretrainConfig): Record<string, unknown> {
  return {
    _class_name: 'UNet2DConditionModel', sample_size: latentSize, in_channels: latent, out_channels: latent, block_out_channels: channels, layers_per_block: 1,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'], mid_block_type: 'UNetMidBlock2DCrossAttn', up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    cross_attention_dim: contextWidth, attention_head_dim: heads, norm_num_groups: groups, flip_sin_to_cos: true, freq_shift: 0, act_fn: 'silu', use_linear_projection: false,
  };
}

function tokenizerFiles(folder: string): ExportedFile[] {
  const special = { bos_token: START, eos_token: END, unk_token: END, pad_token: END };
  return [
    { path: `${folder}tokenizer.json`, bytes: new TextEncoder().encode(vocabulary().source) },
    jsonFile(`${folder}tokenizer_config.json`, { ...special, add_prefix_space: false, do_lower_case: true, errors: 'replace', model_max_length: vocabulary().tokenizer.length, tokenizer_class: 'CLIPTokenizer' }),
    jsonFile(`${folder}special_tokens_map.json`, special),
  ];
}

function jsonFile(path: string, value: unknown): ExportedFile {
  return { path, bytes: new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`) };
}
