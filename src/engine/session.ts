import packageJson from '../../package.json' with { type: 'json' };
import { treeOfFiles } from '../data/files-browser';
import type { FileEntry, FileTree, Skipped } from '../data/files';
import { noPictures, surveyPictures } from '../data/pictures';
import { writeZip } from '../data/zip-write';
import { loadMmvp, type Mmvp } from '../eval/mmvp';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import { loadClip, type ClipModel } from '../models/clip';
import { loadDiffusion, type DiffusionModel } from '../models/diffusion';
import { exportClip } from '../models/export';
import { writtenSettings, type RunSettings } from '../recipes/settings';
import type { Advice, Answer, BenchmarkInfo, BundledItem, ClipInfo, DiffusionInfo, EngineApi, EngineEvent, EvaluationInfo, EvaluationResult, ExecutorChoice, HubModel, HubOffer, KeptRun, ModelKind, PicturesInfo, Probe, Recognised, Settings, Source, SourceKind, Usable } from './api';
import { Bundle } from './bundled';
import { Downloads } from './downloads';
import { Emitter } from './emitter';
import { answer, failureOf } from './failure';
import { EVALUATIONS } from './evaluations';
import { clipInfo, diffusionInfo } from './infos';
import { KeptRuns, type Kept } from './kept';
import type { Machine } from './machine';
import { Measuring } from './measuring';
import { recognise } from './recognise';
import { TuningRun, type Outcome } from './run';
import { adviceFor, runSettings, usableSettings } from './settings';

type Survey = Awaited<ReturnType<typeof surveyPictures>>;

/** Bytes of pictures: some seconds' work. */
const QUICKLY_DECODED = 64 * 2 ** 20;

/** Pictures that the page shows of a folder, and the largest files among them. */
const SAMPLES = 12;
const LARGEST_SAMPLE = 2 ** 22;

type Backend = 'webgpu' | 'wasm';

/** The engine behind the page: what was chosen, the run under way, and its outcome. */
export class Session implements EngineApi {
  private readonly emitter = new Emitter();
  private readonly bundle: Bundle;
  private readonly downloads: Downloads;
  private readonly kept: KeptRuns;
  private readonly measuring = new Measuring(EVALUATIONS, (event) => this.emitter.emit(event));
  private readonly executors = new Map<Backend, Promise<Executor>>();
  private clip: ClipModel | undefined;
  private diffusion: DiffusionModel | undefined;
  /** Names of what is bundled; undefined for a person's own. */
  private chosen: { readonly clip?: string | undefined; readonly diffusion?: string | undefined } = {};
  private pictures: readonly FileEntry[] = [];
  private benchmark: Mmvp | undefined;
  private run: TuningRun | undefined;
  private outcome: Outcome | undefined;
  /** How the last run was started. */
  private started: { readonly settings: RunSettings; readonly choice: ExecutorChoice; readonly executor: Executor } | undefined;

  constructor(private readonly machine: Machine) {
    this.bundle = new Bundle(machine);
    this.downloads = new Downloads(machine.hub, (event) => this.emitter.emit(event));
    this.kept = new KeptRuns(machine.shelf);
  }

  probe(): Promise<Answer<Probe>> {
    return answer(() => this.machine.probe());
  }

  async subscribe(listener: (events: readonly EngineEvent[]) => void): Promise<void> {
    this.emitter.subscribe(listener);
  }

  catalogue(): Promise<Answer<readonly BundledItem[]>> {
    return answer(() => this.bundle.items());
  }

  saveBundled(id: string): Promise<Answer<Blob>> {
    return answer(async () => {
      const { files } = await this.bundle.tree(id);
      return writeZip(await Promise.all(files.map(async (file) => ({ path: file.path, bytes: await file.read() }))));
    });
  }

  recognise(source: Source): Promise<Answer<Recognised>> {
    return answer(async () => recognise(await this.tree(source, 'pictures'), this.machine.decode));
  }

  lookUp(kind: ModelKind, name: string): Promise<Answer<HubOffer>> {
    return answer(() => this.downloads.offer(kind, name));
  }

  async cancelDownload(kind: ModelKind): Promise<void> {
    this.downloads.cancel(kind);
  }

  hubModels(): Promise<Answer<readonly HubModel[]>> {
    return answer(() => this.downloads.models());
  }

  removeHubModel(name: string): Promise<Answer<void>> {
    return answer(() => this.machine.hub.store.remove(name));
  }

  loadClip(source: Source): Promise<Answer<ClipInfo>> {
    return answer(async () => {
      const clip = await loadClip(await this.tree(source, 'clip'));
      const info = clipInfo(clip);
      await this.kept.took('clip', info.name, source);
      this.clip = clip;
      this.chosen = { ...this.chosen, clip: bundledName(source) };
      return info;
    });
  }

  loadDiffusion(source: Source): Promise<Answer<DiffusionInfo>> {
    return answer(async () => {
      const diffusion = await loadDiffusion(await this.tree(source, 'diffusion'));
      await this.kept.took('diffusion', diffusion.name, source);
      this.diffusion = diffusion;
      this.chosen = { ...this.chosen, diffusion: bundledName(source) };
      return diffusionInfo(diffusion);
    });
  }

  loadPictures(source: Source): Promise<Answer<PicturesInfo>> {
    return answer(async () => {
      const tree = await this.tree(source, 'pictures');
      const { pictures, skipped } = await this.survey(tree, source);
      if (!pictures.length) throw noPictures(tree, skipped);
      await this.kept.took('pictures', tree.name, source);
      this.pictures = pictures;
      const small = pictures.filter(({ size }) => size <= LARGEST_SAMPLE).slice(0, SAMPLES);
      return { name: tree.name, count: pictures.length, samples: await Promise.all(small.map(async (file) => new Blob([await file.read()]))), skipped };
    });
  }

  loadBenchmark(source: Source): Promise<Answer<BenchmarkInfo>> {
    return answer(async () => {
      const benchmark = await loadMmvp(await this.tree(source, 'benchmark'));
      await this.kept.took('benchmark', benchmark.name, source);
      this.benchmark = benchmark;
      return { name: benchmark.name, pairs: benchmark.pairs.length, warnings: benchmark.warnings };
    });
  }

  advise(): Promise<Answer<Advice>> {
    return answer(async () => adviceFor(this.chosen));
  }

  usable(own: Partial<Settings>, over: Settings): Promise<Answer<Usable>> {
    return answer(async () => usableSettings(own, over));
  }

  start(settings: Settings): Promise<Answer<void>> {
    return answer(() => this.begin(settings));
  }

  keptRun(): Promise<Answer<{ readonly run: KeptRun | undefined }>> {
    return answer(async () => ({ run: this.run ? undefined : await this.kept.offer() }));
  }

  goOn(): Promise<Answer<void>> {
    return answer(async () => {
      const kept = await this.kept.resume();
      return this.begin(kept.settings, kept);
    });
  }

  discardKeptRun(): Promise<Answer<void>> {
    return answer(() => this.kept.discard());
  }

  private async begin(settings: Settings, kept?: Kept): Promise<void> {
    if (this.run) throw new UserError('A run is under way', '', 'Stop it first');
    if (!this.clip) throw new UserError('There is no CLIP yet', 'Eyes', 'Choose one');
    if (!this.diffusion) throw new UserError('There is no diffusion model yet', 'Teacher', 'Choose one');
    if (!this.pictures.length) throw new UserError('There are no pictures yet', 'Pictures', 'Drop a folder of pictures');
    if (this.measuring.busy) throw new UserError('An evaluation is under way', '', 'Wait until it is done');
    const parts = { clip: this.clip, diffusion: this.diffusion, pictures: this.pictures, benchmark: this.benchmark, settings: runSettings(settings), evaluateEvery: settings.evaluateEvery };
    const opening = this.executor(settings.executor);
    const run = new TuningRun({ ...parts, kept }, this.machine.decode, (event) => this.emitter.emit(event));
    this.run = run;
    const executor = await opening.catch((error: unknown) => {
      this.run = undefined;
      throw error;
    });
    this.outcome = undefined;
    this.started = { settings: parts.settings, choice: settings.executor, executor };
    const keeper = this.kept.keeper({ ...settings, executor: executor.kind === 'webgpu' ? 'webgpu' : 'wasm' });
    void run.go(executor, keeper).then(
      (outcome) => (this.outcome = outcome),
      async (error: unknown) => {
        this.emitter.emit({ kind: 'failed', failure: failureOf(error) });
        await this.drop(executor);
      },
    ).finally(() => (this.run = undefined));
  }

  async pause(): Promise<void> {
    this.run?.pause();
  }

  async resume(): Promise<void> {
    this.run?.resume();
  }

  async stop(): Promise<void> {
    this.run?.stop();
  }

  evaluations(): Promise<Answer<readonly EvaluationInfo[]>> {
    return answer(async () => EVALUATIONS.map(({ info }) => info));
  }

  evaluate(id: string): Promise<Answer<{ readonly result: EvaluationResult | undefined }>> {
    return answer(async () => {
      if (this.run) throw new UserError('A run is under way', '', 'Wait until it is done, or stop it');
      if (!this.clip) throw new UserError('There is no CLIP yet', 'Eyes', 'Choose one');
      const tuned = this.outcome?.untouched === this.clip && this.outcome.steps.length ? this.outcome.clip : undefined;
      return { result: await this.measuring.evaluate(id, this.clip, tuned, () => this.executor(this.started?.choice ?? 'auto')) };
    });
  }

  async cancelEvaluation(id: string): Promise<void> {
    this.measuring.cancel(id);
  }

  exportModel(): Promise<Answer<Blob>> {
    return answer(async () => {
      const outcome = (await this.run?.reached()) ?? this.outcome;
      if (!outcome) throw new UserError('There is no tuned model to export', '', 'Press Tune first; a run under way can be exported while it is paused');
      const { clip, steps, skipped } = outcome;
      const { settings, executor } = this.started!;
      const run = JSON.stringify({ seebetter: packageJson.version, settings: writtenSettings(settings), steps: steps.length, executor: executor.kind, adapter: executor.description, skipped }, null, 2);
      const metrics = steps.map(({ step, loss, lr, gradNorm, seconds }) => `${JSON.stringify({ step, loss, lr, grad_norm: gradNorm, seconds })}\n`).join('');
      const text = new TextEncoder();
      return writeZip([...(await exportClip(clip)), { path: 'run.json', bytes: text.encode(run) }, { path: 'metrics.jsonl', bytes: text.encode(metrics) }]);
    });
  }

  /**
   * What comes with the page is sound. Of a person's own pictures a survey reads the headers; of what is quickly decoded, damaged pixels are told at once too, and of the
   * rest when training comes to them.
   */
  private async survey(tree: FileTree, source: Source): Promise<Survey> {
    if ('bundled' in source && (await this.bundle.kindOf(source.bundled)) === 'pictures') return { pictures: tree.files, skipped: [] };
    const { pictures, skipped } = await surveyPictures(tree);
    if (pictures.reduce((sum, { size }) => sum + size, 0) > QUICKLY_DECODED) return { pictures, skipped };
    const damaged: Skipped[] = [];
    const sound: FileEntry[] = [];
    for (const file of pictures) {
      await this.machine.decode(file).then(
        () => sound.push(file),
        (error: unknown) => damaged.push({ path: file.path, reason: failureOf(error).message }),
      );
    }
    return { pictures: sound, skipped: [...skipped, ...damaged] };
  }

  private async tree(source: Source, kind: SourceKind): Promise<FileTree> {
    if ('bundled' in source) return this.bundle.tree(source.bundled);
    if ('files' in source) return treeOfFiles(source.name, source.files);
    if (kind === 'clip' || kind === 'diffusion') return this.downloads.tree(kind, source.hub);
    throw new UserError('Only models are taken from the hub by name', source.hub, 'Download the files there, and choose their folder');
  }

  private async executor(choice: ExecutorChoice): Promise<Executor> {
    const backend = choice === 'auto' ? (await this.machine.probe()).recommended : choice;
    const known = this.executors.get(backend);
    if (known) return known;
    const opening = this.machine.openExecutor(backend);
    this.executors.set(backend, opening);
    opening.catch(() => this.executors.delete(backend));
    return opening;
  }

  /** After a failure the device may be lost: the next run opens it anew. */
  private async drop(executor: Executor): Promise<void> {
    for (const [backend, opened] of this.executors) if ((await opened.catch(() => undefined)) === executor) this.executors.delete(backend);
    await executor.dispose();
  }
}

function bundledName(source: Source): string | undefined {
  return 'bundled' in source ? source.bundled : undefined;
}
