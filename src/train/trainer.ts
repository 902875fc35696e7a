import type { Executor, Program } from '../executors/executor';
import { UserError } from '../ir/errors';
import { bytesPerElement, describe, sizeOf, tensorFrom, toNumbers, zeros, type Tensor } from '../ir/tensor';
import { captionOf } from '../data/scenes/caption';
import { sceneOf, seedOf } from '../data/scenes/scene';
import { withVision, type ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import type { Condition } from '../recipes/condition';
import { PROJECTION_BIAS, PROJECTION_WEIGHT } from '../recipes/diva';
import { writtenSettings, type RunSettings } from '../recipes/settings';
import type { Checkpoint } from './checkpoint';
import { Untouched } from './distillation';
import { Draws, DrawRecorder, type Draw } from './draws';
import type { DrawsFile } from './draws-file';
import { prepareStep, textInput, type PreparedStep } from './prepare';
import { recordRun, type RunRecord } from './record';
import { Samples, type PictureSet, type Sample } from './samples';
import { learningRate } from './schedule';
import { initialState, sumOf } from './step';
import { textProjection } from './text-projection';

export type { PictureSet } from './samples';

/** What is done before the first step: both models' graphs, what the untouched model says of captions, the projection's fit, the step's program. */
export type Preparation = 'models' | 'untouched' | 'projection' | 'step';

export interface TrainSetup {
  readonly clip: ClipModel;
  readonly diffusion: DiffusionModel;
  readonly pictures: PictureSet;
  readonly settings: RunSettings;
  /** Runs the step graphs. */
  readonly executor: Executor;
  /** Runs the VAE and the text encoder. */
  readonly frozen: Executor;
  readonly draws?: DrawsFile;
  /** Keep what is drawn, for {@link Trainer.recorded}: memory grows with the steps. */
  readonly record?: boolean;
  /** Of a total of 0 nobody knows how much it is. What this throws ends the preparation. */
  onProgress?(what: Preparation, done: number, total: number): void;
  /** A picture that could not be decoded; another took its place. */
  onSkipped?(name: string, reason: string): void;
}

export interface StepMetrics {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  /** L2 norm of the gradient before it was clipped. */
  readonly gradNorm: number;
  readonly seconds: number;
  /** Pictures seen, each once however many draws. */
  readonly images: number;
}

/** Trains a CLIP's vision tower by diffusion feedback, step by step. Knows of no files and no page. */
export class Trainer {
  done = 0;
  private readonly recorder: DrawRecorder | undefined;
  private readonly history: RunRecord[] = [];

  private constructor(
    private readonly setup: TrainSetup,
    private readonly prepared: PreparedStep,
    private readonly program: Program,
    private readonly samples: Samples,
    private readonly draws: Draws,
    /** The inputs that no step changes. */
    private readonly fixed: Readonly<Record<'text_context', Tensor> & Partial<Record<'captions', Tensor>>>,
  ) {
    this.recorder = setup.record ? new DrawRecorder() : undefined;
  }

  static async create(setup: TrainSetup): Promise<Trainer> {
    const { clip, diffusion, pictures, settings, executor, frozen, draws } = setup;
    setup.onProgress?.(settings.distill > 0 ? 'untouched' : 'models', 0, 0);
    const untouched = settings.distill > 0 ? await Untouched.create(clip, frozen) : undefined;
    const samples = new Samples({ clip, diffusion, pictures, seed: settings.seed, frozen, ...(draws && { draws }), ...(untouched && { untouched }) }, (name, reason) => setup.onSkipped?.(name, reason));
    try {
      if (!samples.count) throw new UserError('There are no pictures to train on', '', 'Choose a folder with JPEG, PNG or WebP pictures');
      setup.onProgress?.('models', 0, 0);
      const unfitted = await prepareStep(setup);
      const context = await textInput(setup, unfitted, frozen);
      const prepared = settings.projection === 'text' && !draws ? { ...unfitted, initial: { ...unfitted.initial, ...(await fittedProjection(setup, samples, context)) } } : unfitted;
      setup.onProgress?.('step', 0, 0);
      const program = await executor.compile({ graphs: { accumulate: prepared.graphs.accumulate, update: prepared.graphs.update }, state: initialState(prepared.initial, (name) => prepared.optimizer.slots(name)), weights: prepared.weights });
      const { condition, patchTokens, latentShape } = prepared;
      const scope = {
        pictures: samples.count, batch: settings.microBatch, accumulate: settings.accumulate, timesteps: timestepsOf(settings, diffusion), latentShape, patchTokens,
        patches: condition.kind === 'class+random' && condition.patches > 0 ? condition.patches : undefined, shuffled: settings.recipe === 'control',
      };
      return new Trainer(setup, prepared, program, samples, new Draws(settings.seed, scope, draws), { text_context: context, ...(untouched && { captions: untouched.captions }) });
    } catch (error) {
      await samples.dispose();
      throw error;
    }
  }

  get settings(): RunSettings {
    return this.setup.settings;
  }

  get condition(): Condition {
    return this.prepared.condition;
  }

  /** Of parameters, their momentum and gradient sums, and frozen weights; activations come on top. */
  get memoryBytes(): number {
    const { graphs: { accumulate }, initial } = this.prepared;
    const trained = Object.values(initial).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
    const frozen = [...accumulate.initializers.keys()].reduce((sum, name) => sum + sizeOf(accumulate.types.get(name)!.shape) * bytesPerElement(accumulate.types.get(name)!.dtype), 0);
    return (2 + this.prepared.optimizer.slots('').length) * trained + frozen;
  }

  /** Pictures that could not be decoded so far: number -> reason. */
  get failed(): ReadonlyMap<number, string> {
    return this.samples.failed;
  }

  /** One optimiser step. Throws a UserError if the loss is no longer a number: the run cannot go on from here. */
  async step(): Promise<StepMetrics> {
    const { settings } = this;
    if (this.done >= settings.steps) throw new UserError(`The run has all of its ${settings.steps} steps`, '', 'Start another run');
    const started = performance.now();
    const parts: number[] = [];
    for (let micro = 0; micro < settings.accumulate; micro++) parts.push(...(await this.microBatch(micro)));
    const loss = parts.reduce((sum, part) => sum + part, 0) / parts.length;
    const lr = learningRate(this.done, settings);
    const gradNorm = scalar((await this.program.run('update', this.prepared.optimizer.inputs(this.done, lr)))['grad_norm']!);
    this.requireFinite(gradNorm, 'gradient');
    if (this.recorder) this.history.push({ loss, parts, lr, gradNorm });
    this.done++;
    return { step: this.done, loss, lr, gradNorm, seconds: (performance.now() - started) / 1000, images: settings.microBatch * settings.accumulate };
  }

  /** The CLIP with the vision weights reached so far. */
  async tuned(): Promise<ClipModel> {
    const vision = Object.entries(await this.parameters()).filter(([name]) => name !== PROJECTION_WEIGHT && name !== PROJECTION_BIAS);
    return withVision(this.setup.clip, Object.fromEntries(vision));
  }

  /** float32, `visual_proj` included. */
  parameters(): Promise<Record<string, Tensor>> {
    return this.program.readState(this.prepared.graphs.parameters);
  }

  /** Of a checkpoint's tensors. */
  get checkpointBytes(): number {
    const { graphs: { parameters }, initial, optimizer } = this.prepared;
    return parameters.reduce((sum, name) => sum + (1 + optimizer.slots(name).length) * initial[name]!.data.byteLength, 0);
  }

  async checkpoint(): Promise<Checkpoint> {
    const names = this.prepared.graphs.parameters;
    return { step: this.done, settings: this.settings, parameters: await this.parameters(), slots: await this.program.readState(names.flatMap((name) => this.prepared.optimizer.slots(name))) };
  }

  /** Goes on from a checkpoint of the same run: what follows is bit for bit what would have followed then. */
  async restore({ step, settings, parameters, slots }: Checkpoint): Promise<void> {
    const [mine, its] = [writtenSettings(this.settings), writtenSettings(settings)];
    const differing = [...new Set([...Object.keys(mine), ...Object.keys(its)])].find((key) => mine[key] !== its[key] && key !== 'checkpoint_every');
    if (differing !== undefined) throw new UserError(`${differing} is ${String(mine[differing])} here, but ${String(its[differing])} in the checkpoint`, `checkpoint of step ${step}`, 'Resume with the settings of the run');
    const state: Record<string, Tensor> = {};
    for (const [name, initial] of Object.entries(this.prepared.initial)) {
      const { shape } = initial;
      if (!this.prepared.graphs.parameters.includes(name)) {
        state[name] = initial;
        continue;
      }
      for (const [key, tensor] of [[name, parameters[name]], ...this.prepared.optimizer.slots(name).map((slot) => [slot, slots[slot]] as const)] as const) {
        if (describe(tensor) !== describe({ dtype: 'float32', shape })) throw new UserError(`${key} is ${describe(tensor)} in the checkpoint instead of float32[${shape}]`, `checkpoint of step ${step}`, 'Resume with the models of the run');
        state[key] = tensor!;
      }
      state[sumOf(name)] = zeros('float32', shape);
    }
    await this.program.writeState(state);
    this.done = step;
  }

  /** A draws file of the steps so far; the trainer must have been set up to record. */
  async recorded(): Promise<{ tensors: Record<string, Tensor>; metadata: Record<string, string> }> {
    return recordRun({ setup: this.setup, prepared: this.prepared, samples: this.samples, context: this.fixed.text_context, drawn: this.recorder!.finish(this.settings.accumulate), history: this.history, final: await this.parameters() });
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
    await this.samples.dispose();
  }

  /** Adds the gradients of all draws of a micro-batch; returns their losses. */
  private async microBatch(micro: number): Promise<number[]> {
    const { microBatch, draws } = this.settings;
    const chosen: { index: number; sample: Sample }[] = [];
    for (let i = 0; i < microBatch; i++) chosen.push(await this.samples.first(this.draws.candidates(this.done, micro, i)));
    this.recorder?.order(chosen.map(({ index }) => index));
    const samples = chosen.map(({ sample }) => sample);
    const losses: number[] = [];
    for (let i = 0; i < draws; i++) {
      const draw = this.draws.draw(this.done, micro, i);
      this.recorder?.draw(draw);
      const loss = scalar((await this.program.run('accumulate', this.inputs(samples, draw)))['loss']!);
      this.requireFinite(loss, 'loss');
      losses.push(loss);
    }
    return losses;
  }

  private inputs(samples: readonly Sample[], { timesteps, noise, patches, shuffle }: Draw): Record<string, Tensor> {
    const { alphasCumprod } = this.setup.diffusion.scheduler;
    const each = (f: (abar: number) => number): Tensor => tensorFrom('float32', [timesteps.length, ...noise.shape.slice(1).map(() => 1)], timesteps.map((t) => f(alphasCumprod[t]!)));
    const sources = shuffle ? shuffle.map((from) => samples[from]!) : samples;
    return {
      pixel_values: stacked(samples.map(({ pixelValues }) => pixelValues)),
      latents: stacked(sources.map(({ latents }) => latents)),
      noise,
      timestep: tensorFrom('int64', [timesteps.length], timesteps),
      sqrt_abar: each(Math.sqrt),
      sqrt_one_minus_abar: each((abar) => Math.sqrt(1 - abar)),
      ...this.fixed,
      ...(patches && { patches }),
      ...(this.fixed.captions && { told: stacked(samples.map(({ told }) => told!)) }),
    };
  }

  private requireFinite(value: number, what: string): void {
    if (Number.isFinite(value)) return;
    throw new UserError(`The ${what} of step ${this.done + 1} is ${value}: training has diverged`, '', 'Lower lr or set clip_norm, and start again');
  }
}

/** Pictures that say where embeddings lie and how they spread, and captions that do so for texts: of generated scenes, whose words are everyday English. */
const FITTED_PICTURES = 128;
const FITTED_CAPTIONS = 512;

async function fittedProjection({ clip, diffusion, frozen, onProgress }: TrainSetup, samples: Samples, context: Tensor): Promise<Record<string, Tensor>> {
  const count = Math.min(FITTED_PICTURES, samples.count);
  let done = 0;
  const tell = (more: number): void => onProgress?.('projection', (done += more), 2 * (count + FITTED_CAPTIONS));
  tell(0);
  const pixels: Tensor[] = [];
  for (let i = 0; i < count; i++) {
    pixels.push((await samples.first(from(i, samples.count))).sample.pixelValues);
    tell(1);
  }
  const captions = Array.from({ length: FITTED_CAPTIONS }, (_, i) => captionOf(sceneOf(seedOf('train', i)), 'rich'));
  return textProjection(clip, diffusion, frozen, captions, pixels, (context.data as Float32Array).subarray(0, diffusion.contextWidth), tell);
}

/** A picture's number, then those after it, each once. */
function* from(first: number, count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield (first + i) % count;
}

function timestepsOf({ minTimestep, maxTimestep }: RunSettings, { scheduler: { trainTimesteps } }: DiffusionModel): [number, number] {
  const to = maxTimestep ?? trainTimesteps;
  if (to > trainTimesteps || minTimestep >= to) throw new UserError(`Timesteps from ${minTimestep} to ${to} are asked for, but the scheduler has ${trainTimesteps}`, 'settings min_timestep, max_timestep', `Use timesteps below ${trainTimesteps}`);
  return [minTimestep, to];
}

function scalar(tensor: Tensor): number {
  return toNumbers(tensor)[0]!;
}

/** Tensors of one shape as [count, ...shape]. */
function stacked(tensors: readonly Tensor[]): Tensor {
  const { shape } = tensors[0]!;
  const size = sizeOf(shape);
  const data = new Float32Array(tensors.length * size);
  tensors.forEach((tensor, i) => data.set(tensor.data as Float32Array, i * size));
  return { dtype: 'float32', shape: [tensors.length, ...shape], data };
}
