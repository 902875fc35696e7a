import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../data/safetensors';
import { createNodeOrt } from '../executors/ort-node';
import { nextOf } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { encodeModel } from '../onnx/encode';
import { inlineFunctions } from '../passes/inline';
import { writtenSettings, type RunSettings } from '../recipes/settings';
import { prepareStep, textInput, type PreparedStep } from '../train/prepare';
import { readDraws } from '../train/draws-file';
import { warmupSteps } from '../train/schedule';
import { initialState } from '../train/step';
import { readBytes, writeWhole } from './files';
import { openClip, openDiffusion } from './model';
import { needed, parseTrainOptions, settingsFrom } from './train-options';

const INITIAL = 'initial.safetensors';

/** What is fed, beside the state. */
const MEANINGS: Readonly<Record<string, string>> = {
  pixel_values: "the batch through the CLIP's processor",
  latents: 'the mean that the VAE encoder gives for pixels in -1..1, times scaling_factor; recipe control: those of another picture of the batch',
  noise: 'standard normal',
  timestep: 'uniform in 0 .. train_timesteps - 1, one a picture',
  sqrt_abar: 'sqrt(alphas_cumprod[timestep])',
  sqrt_one_minus_abar: 'sqrt(1 - alphas_cumprod[timestep])',
  text_context: `the text encoder's last hidden state of "a photo of a ."; in ${INITIAL}`,
  patches: 'which patch tokens condition the UNet, with replacement; the class token is not counted',
  lr: 'see schedule',
  captions: 'the untouched CLIP\'s embeddings of captions that name everyday things, normalised',
  told: '100 times the cosines of the untouched CLIP\'s embedding of the picture with captions',
  correction1: '1 / (1 - 0.9^(s + 1)) for step s = 0, 1, ...',
  correction2: '1 / (1 - 0.999^(s + 1))',
};

export interface ExportReport {
  readonly out: string;
  readonly parameters: number;
  readonly nodes: { readonly accumulate: number; readonly update: number };
}

/** `export-step`: the step graphs of a run as ONNX files, with what is needed to run them elsewhere. */
export async function exportStep(argv: string[]): Promise<ExportReport> {
  const options = parseTrainOptions(argv);
  const out = needed(options, 'out');
  const draws = options.draws === undefined ? undefined : readDraws(await readBytes(options.draws), options.draws);
  const settings = settingsFrom(options.given, draws);
  const clip = await openClip(needed(options, 'clip'));
  const diffusion = await openDiffusion(needed(options, 'diffusion'));
  const there = await readdir(out).catch(() => []);
  if (there.length) throw new UserError('The output folder exists and is not empty', out, 'Choose another --out, or remove it');
  const prepared = await prepareStep({ clip, diffusion, settings, ...(draws && { draws }) });
  const frozen = createNodeOrt();
  const text_context = await textInput({ diffusion, ...(draws && { draws }) }, prepared, frozen);
  await frozen.dispose();
  await mkdir(out, { recursive: true });
  const accumulate = await writeGraph(out, 'accumulate', prepared.graphs.accumulate, prepared);
  const update = await writeGraph(out, 'update', prepared.graphs.update, prepared);
  await writeWhole(join(out, INITIAL), writeSafetensors({ ...prepared.initial, text_context, alphas_cumprod: { dtype: 'float64', shape: [diffusion.scheduler.trainTimesteps], data: diffusion.scheduler.alphasCumprod } }));
  await writeWhole(join(out, 'step.json'), `${JSON.stringify(describeStep(prepared, settings, { scaling_factor: diffusion.scalingFactor, train_timesteps: diffusion.scheduler.trainTimesteps }), null, 1)}\n`);
  return { out, parameters: prepared.graphs.parameters.length, nodes: { accumulate, update } };
}

/** Returns the number of nodes. */
async function writeGraph(out: string, name: string, graph: Graph, { weights }: PreparedStep): Promise<number> {
  const primitive = inlineFunctions(graph);
  const dataFile = `${name}.onnx_data`;
  const { model, data } = await encodeModel(primitive, { weights, dataFile });
  if (data.length) {
    const file = await open(join(out, dataFile), 'w');
    for (const bytes of data) await file.write(bytes);
    await file.close();
  }
  await writeWhole(join(out, `${name}.onnx`), model);
  return primitive.nodes.length;
}

function describeStep({ graphs, optimizer, condition, initial }: PreparedStep, settings: RunSettings, diffusion: Record<string, number>): Record<string, unknown> {
  const state = Object.keys(initialState(initial, (name) => optimizer.slots(name)));
  const { steps, lr, warmup } = settings;
  return {
    what: `One optimiser step: run accumulate.onnx ${settings.accumulate * settings.draws} times (every micro-batch with every draw), then update.onnx once. State starts as ${INITIAL} says, or as zeros, and is fed as inputs; after a run, each output <name>.next replaces the state <name>.`,
    settings: writtenSettings(settings),
    condition,
    diffusion,
    schedule: { lr, steps, warmup_steps: warmupSteps(warmup, steps), formula: 'step s = 0, 1, ...: lr s / w for s < w, then lr (1 + cos(pi (s - w) / (steps - w))) / 2' },
    state: state.map((name) => ({ name, ...graphs.update.types.get(name)!, initial: Object.hasOwn(initial, name) ? INITIAL : 'zeros' })),
    graphs: { accumulate: described('accumulate', graphs.accumulate, state), update: described('update', graphs.update, state) },
  };
}

function described(name: string, graph: Graph, state: readonly string[]): Record<string, unknown> {
  const typed = (value: string) => ({ name: value, ...graph.types.get(value)! });
  const kept = new Set(state);
  const written = new Set(state.map(nextOf));
  return {
    file: `${name}.onnx`,
    inputs: graph.inputs.filter((input) => !kept.has(input)).map((input) => ({ ...typed(input), meaning: MEANINGS[input] })),
    reads: graph.inputs.filter((input) => kept.has(input)),
    outputs: graph.outputs.filter((output) => !written.has(output)).map(typed),
    writes: graph.outputs.filter((output) => written.has(output)),
  };
}
