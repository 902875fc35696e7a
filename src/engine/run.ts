import type { FileEntry } from '../data/files';
import type { DecodePicture } from '../data/pictures';
import { reading, type ClipReader } from '../eval/embed';
import { mmvpSimilarities, type Mmvp } from '../eval/mmvp';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import type { DiffusionModel } from '../models/diffusion';
import type { RunSettings } from '../recipes/settings';
import { Trainer, type PictureSet, type Preparation, type StepMetrics } from '../train/trainer';
import type { EngineEvent, Phase, Score } from './api';
import type { Keeper, Kept, Progress } from './kept';
import { comparisonOf, scoreOf } from './scores';

/** What a run works on. */
export interface Parts {
  readonly clip: ClipModel;
  readonly diffusion: DiffusionModel;
  readonly pictures: readonly FileEntry[];
  readonly benchmark: Mmvp | undefined;
  readonly settings: RunSettings;
  /** Score the benchmark every so many steps; 0: before and after only. */
  readonly evaluateEvery: number;
  /** The run that this one goes on with. */
  readonly kept: Kept | undefined;
}

export interface Outcome {
  /** As it was before. */
  readonly untouched: ClipModel;
  readonly clip: ClipModel;
  readonly steps: readonly StepMetrics[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

const STOPPED = new Error('stopped');

const PREPARING: Readonly<Record<Preparation, { readonly phase: Phase; readonly label: string }>> = {
  models: { phase: 'loading', label: 'Loading the models' },
  untouched: { phase: 'loading', label: 'Asking the untouched model what it must not forget' },
  projection: { phase: 'loading', label: 'Fitting the projection to texts' },
  step: { phase: 'compiling', label: 'Building and compiling the training step' },
};

/** One press of Tune: score, train, score again where a step was made. Reports through `emit`; everything it throws ends it. */
export class TuningRun {
  private readonly steps: StepMetrics[];
  private readonly skipped: { path: string; reason: string }[];
  private readonly scores: Score[];
  private readonly captions = new Map<string, Float32Array>();
  private resumed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  private stopping = false;
  /** Stands still between two steps. */
  private paused: Trainer | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly decode: DecodePicture,
    private readonly emit: (event: EngineEvent) => void,
  ) {
    this.steps = [...(parts.kept?.metrics ?? [])];
    this.skipped = [...(parts.kept?.skipped ?? [])];
    this.scores = [...(parts.kept?.scores ?? [])];
  }

  async go(executor: Executor, keeper: Keeper | undefined): Promise<Outcome> {
    const { clip, benchmark } = this.parts;
    for (const score of this.scores) this.emit({ kind: 'score', score });
    for (const { path, reason } of this.skipped) this.emit({ kind: 'skipped', path, reason });
    const before = this.scores[0] ?? (benchmark && (await this.score(benchmark, clip, 0, executor)));
    const tuned = await this.train(executor, keeper);
    const after = benchmark && this.steps.length ? await this.score(benchmark, tuned, this.steps.length, executor) : undefined;
    if (benchmark && before && after) this.emit({ kind: 'comparison', comparison: await comparisonOf(benchmark, before, after) });
    await keeper?.forget();
    this.emit({ kind: 'phase', phase: 'done', label: this.stopping ? `Stopped after ${this.steps.length} steps` : 'Done' });
    return { untouched: clip, clip: tuned, steps: this.steps, skipped: this.skipped };
  }

  /** What has been reached, while the run is paused; undefined before there is anything. */
  async reached(): Promise<Outcome | undefined> {
    return this.paused && { untouched: this.parts.clip, clip: await this.paused.tuned(), steps: this.steps, skipped: this.skipped };
  }

  pause(): void {
    if (this.resumed || this.stopping) return;
    let resolve = (): void => undefined;
    const promise = new Promise<void>((done) => (resolve = done));
    this.resumed = { promise, resolve };
  }

  resume(): void {
    this.resumed?.resolve();
    this.resumed = undefined;
  }

  stop(): void {
    this.stopping = true;
    this.resume();
  }

  private async train(executor: Executor, keeper: Keeper | undefined): Promise<ClipModel> {
    const { clip, settings: { steps }, kept } = this.parts;
    const trainer = await this.prepare(executor);
    if (!trainer) return clip;
    try {
      if (kept) await trainer.restore(kept.checkpoint);
      this.emit({ kind: 'started', steps, executor: executor.kind === 'ort' ? 'wasm' : executor.kind, adapter: executor.description, memoryBytes: trainer.memoryBytes });
      for (const metrics of this.steps) this.tell(metrics);
      this.emit({ kind: 'phase', phase: 'training', label: 'Training' });
      while (trainer.done < steps && !this.stopping) await this.step(trainer, executor, keeper);
      await keeper?.keep(trainer, this.progress, true);
      return await trainer.tuned();
    } finally {
      await trainer.dispose();
    }
  }

  /** Undefined where the run was stopped and had changed nothing yet. */
  private async prepare(executor: Executor): Promise<Trainer | undefined> {
    const { clip, diffusion, settings } = this.parts;
    try {
      return await Trainer.create({
        clip, diffusion, settings, executor, frozen: executor, pictures: this.pictureSet(),
        onProgress: (what, done, total) => {
          if (this.stopping && !this.steps.length) throw STOPPED;
          this.emit({ kind: 'phase', ...PREPARING[what], done, total });
        },
        onSkipped: (path, reason) => {
          if (this.skipped.some((known) => known.path === path)) return;
          this.skipped.push({ path, reason });
          this.emit({ kind: 'skipped', path, reason });
        },
      });
    } catch (error) {
      if (error !== STOPPED) throw error;
      return undefined;
    }
  }

  private async step(trainer: Trainer, executor: Executor, keeper: Keeper | undefined): Promise<void> {
    const metrics = await trainer.step();
    const { step } = metrics;
    this.steps.push(metrics);
    this.tell(metrics);
    const { benchmark, evaluateEvery, settings: { steps } } = this.parts;
    if (benchmark && evaluateEvery && step % evaluateEvery === 0 && step < steps && !this.stopping) {
      await this.score(benchmark, await trainer.tuned(), step, executor);
      this.emit({ kind: 'phase', phase: 'training', label: 'Training' });
    }
    await keeper?.keep(trainer, this.progress, this.resumed !== undefined);
    if (!this.resumed) return;
    this.emit({ kind: 'phase', phase: 'paused', label: `Paused after step ${step}` });
    this.paused = trainer;
    await this.resumed.promise;
    this.paused = undefined;
    if (!this.stopping) this.emit({ kind: 'phase', phase: 'training', label: 'Training' });
  }

  private tell({ step, loss, lr, gradNorm, seconds, images }: StepMetrics): void {
    this.emit({ kind: 'step', step, loss, lr, gradNorm, seconds, imagesPerSecond: images / seconds });
  }

  private get progress(): Progress {
    return { metrics: this.steps, scores: this.scores, skipped: this.skipped };
  }

  /** Undefined where the run was stopped meanwhile and had changed nothing yet. */
  private async score(benchmark: Mmvp, clip: ClipModel, step: number, executor: Executor): Promise<Score | undefined> {
    const label = step === 0 ? 'Scoring the untouched encoder' : `Scoring the encoder after ${step} steps`;
    this.emit({ kind: 'phase', phase: 'evaluating', label });
    try {
      const similarities = await reading(clip, executor, ({ processor, encoder }) =>
        mmvpSimilarities(benchmark, { processor, encoder: this.remembering(encoder) }, this.decode, (done, total) => {
          if (this.stopping && step === 0) throw STOPPED;
          this.emit({ kind: 'phase', phase: 'evaluating', label, done, total });
        }));
      const score = scoreOf(benchmark, similarities, step);
      this.scores.push(score);
      this.emit({ kind: 'score', score });
      return score;
    } catch (error) {
      if (error !== STOPPED) throw error;
      return undefined;
    }
  }

  /** The text tower never changes: each caption is encoded once in a run. */
  private remembering(encoder: ClipReader['encoder']): ClipReader['encoder'] {
    return {
      images: (pixels) => encoder.images(pixels),
      texts: async (texts) => {
        const unknown = [...new Set(texts)].filter((text) => !this.captions.has(text));
        const vectors = unknown.length ? await encoder.texts(unknown) : [];
        unknown.forEach((text, i) => this.captions.set(text, vectors[i]!));
        return texts.map((text) => this.captions.get(text)!);
      },
    };
  }

  private pictureSet(): PictureSet {
    const { pictures } = this.parts;
    return {
      count: pictures.length,
      name: (i) => pictures[i]!.path,
      picture: (i) => this.decode(pictures[i]!),
    };
  }
}
