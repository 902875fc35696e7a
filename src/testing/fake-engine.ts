import type { Advice, Answer, BundledItem, Comparison, EngineApi, EngineEvent, EvaluationInfo, EvaluationResult, Figure, HubModel, HubOffer, ModelKind, KeptRun, PairResult, Phase, Probe, Score, Settings, Source, Recognised, Usable } from '../engine/api';

/** How the fake behaves: which machine it plays and where it fails. */
export interface FakeOptions {
  readonly webgpu: Probe['webgpu'];
  readonly secondsPerStep: number;
  /** Step at which training fails. */
  readonly failAt?: number;
  /** Files that are skipped whenever pictures are read. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Pairs of the benchmark, as the page is to show them. */
  readonly pairs: () => Promise<Comparison['pairs']>;
  readonly catalogue: readonly BundledItem[];
}

const PROBES: Readonly<Record<Probe['webgpu'], Probe>> = {
  hardware: { webgpu: 'hardware', adapter: 'Example GPU', f16: true, crossOriginIsolated: true, recommended: 'webgpu', reason: 'This machine has a graphics processor that WebGPU can use.' },
  software: { webgpu: 'software', adapter: 'SwiftShader', f16: false, crossOriginIsolated: true, recommended: 'wasm', reason: 'WebGPU is emulated in software here, which is slower than WASM, so the page runs on WASM.' },
  none: { webgpu: 'none', adapter: '', f16: false, crossOriginIsolated: true, recommended: 'wasm', reason: 'This browser has no WebGPU, so the page runs on WASM.' },
};

const EVALUATIONS: readonly EvaluationInfo[] = ['Attributes in the embedding', 'Zero-shot classification', 'Retrieval', 'Segmentation'].map((title, i) => ({
  id: String(i), title, what: 'A sentence that says what is asked of the models, and of how many drawn pictures they are asked it.', unit: 'of questions right', rows: 'Pattern',
}));

const ok = <T>(value: T): Answer<T> => ({ ok: true, value });
const no = (message: string): Answer<never> => ({ ok: false, failure: { message, details: 'fake-engine.ts' } });
const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const nameOf = (source: Source): string => ('bundled' in source ? source.bundled : 'hub' in source ? source.hub : source.name);

/** Same numbers every time: a hash of two integers, in 0..1. */
function noise(a: number, b: number): number {
  const x = Math.sin(a * 127.1 + b * 311.7) * 43758.5453;
  return x - Math.floor(x);
}

/** Plays a run with made-up numbers, so that the page can be looked at and tested without models. */
export class FakeEngine implements EngineApi {
  private listener: (events: readonly EngineEvent[]) => void = () => undefined;
  private tuned = false;
  private readonly cancelled = new Set<string>();
  private downloaded: readonly HubModel[] = [];
  private downloading = false;
  private wish: 'run' | 'pause' | 'stop' = 'run';

  constructor(private readonly options: FakeOptions) {}

  probe = (): Promise<Answer<Probe>> => Promise.resolve(ok(PROBES[this.options.webgpu]));
  catalogue = (): Promise<Answer<readonly BundledItem[]>> => Promise.resolve(ok(this.options.catalogue));
  pause = (): Promise<void> => this.want('pause');
  resume = (): Promise<void> => this.want('run');
  keptRun = (): Promise<Answer<{ run: KeptRun | undefined }>> => Promise.resolve(ok({ run: undefined }));
  goOn = (): Promise<Answer<void>> => Promise.resolve(ok(undefined));
  discardKeptRun = (): Promise<Answer<void>> => Promise.resolve(ok(undefined));
  stop = (): Promise<void> => this.want('stop');
  saveBundled = (): Promise<Answer<Blob>> => Promise.resolve(ok(new Blob(['PK'])));
  advise = (): Promise<Answer<Advice>> => Promise.resolve(ok({ settings: { more: { momentum: 0.9, trained: 'all' } } }));
  usable = (own: Partial<Settings>): Promise<Answer<Usable>> => Promise.resolve(ok({ settings: own, refused: [] }));
  exportModel = (): Promise<Answer<Blob>> => Promise.resolve(ok(new Blob(['PK'])));

  evaluations = (): Promise<Answer<readonly EvaluationInfo[]>> => Promise.resolve(ok(EVALUATIONS));

  async cancelEvaluation(id: string): Promise<void> {
    await Promise.resolve();
    this.cancelled.add(id);
  }

  async evaluate(id: string): Promise<Answer<{ result: EvaluationResult | undefined }>> {
    this.cancelled.delete(id);
    for (let done = 0; done < 10; done++) {
      if (this.cancelled.has(id)) return ok({ result: undefined });
      this.emit({ kind: 'evaluation', id, label: 'Asking the untouched model', done, total: 10 });
      await sleep(this.options.secondsPerStep);
    }
    const i = Number(id);
    if (i === 3) return no('The evaluation failed because it was asked to. Nothing can be done.');
    const figure = (before: number, p: number): Figure => (!this.tuned ? { before } : { before, after: before + 6 * (1 - i), p });
    return ok({ result: { ...figure(48.2, i === 1 ? 0.6 : 0.0004), chance: 38.1, rows: Array.from({ length: 9 }, (_, row) => ({ name: `Pattern number ${row + 1}`, ...figure(30 + 5 * row, row / 20) })) } });
  }

  subscribe(listener: (events: readonly EngineEvent[]) => void): Promise<void> {
    this.listener = listener;
    return Promise.resolve();
  }

  recognise(source: Source): Promise<Answer<Recognised>> {
    if (nameOf(source).endsWith('.txt')) return Promise.resolve(no(`${nameOf(source)} is neither pictures nor a model. Drop a folder of pictures, a zip or a model folder.`));
    return Promise.resolve(ok({ use: 'card', kind: 'pictures' }));
  }

  async lookUp(_kind: ModelKind, name: string): Promise<Answer<HubOffer>> {
    await sleep(0.2);
    return name.includes('/') ? ok({ name, files: 9, bytes: 606e6, missing: 606e6, licence: 'mit' }) : no(`"${name}" is no repository's name. Give it as owner/name.`);
  }

  hubModels(): Promise<Answer<readonly HubModel[]>> {
    return Promise.resolve(ok(this.downloaded));
  }

  removeHubModel(name: string): Promise<Answer<void>> {
    this.downloaded = this.downloaded.filter((model) => model.name !== name);
    return Promise.resolve(ok(undefined));
  }

  async cancelDownload(): Promise<void> {
    await Promise.resolve();
    this.downloading = false;
  }

  loadClip = async (source: Source): ReturnType<EngineApi['loadClip']> => {
    await sleep(0.2);
    this.downloading = 'hub' in source;
    for (let done = 0; done < 606e6 && this.downloading; done += 30e6) {
      this.emit({ kind: 'download', model: 'clip', done, total: 606e6 });
      await sleep(this.options.secondsPerStep);
    }
    if ('hub' in source) {
      this.downloaded = [...this.downloaded.filter(({ name }) => name !== source.hub), { name: source.hub, kind: 'clip', bytes: 606e6, here: this.downloading ? 606e6 : 210e6 }];
      if (!this.downloading) return no('The download was cancelled.');
    }
    return ok({ name: nameOf(source), family: 'openai', imageSize: 32, parameters: 181_632, bytes: 1_400_000 });
  };
  loadDiffusion = async (source: Source): ReturnType<EngineApi['loadDiffusion']> => {
    await sleep(0.2);
    return ok({ name: nameOf(source), imageSize: 32, contextWidth: 32, parameters: 870_404, bytes: 5_300_000 });
  };
  loadPictures = async (source: Source): ReturnType<EngineApi['loadPictures']> => {
    await sleep(0.1);
    return ok({ name: nameOf(source), count: 'files' in source ? source.files.length : 48, samples: [], skipped: 'files' in source ? this.options.skipped : [] });
  };
  loadBenchmark = async (source: Source): ReturnType<EngineApi['loadBenchmark']> => ok({ name: nameOf(source), pairs: (await this.options.pairs()).length, warnings: [] });

  start(settings: Settings): Promise<Answer<void>> {
    this.wish = 'run';
    void this.play(settings);
    return Promise.resolve(ok(undefined));
  }

  private async want(wish: 'run' | 'pause' | 'stop'): Promise<void> {
    await Promise.resolve();
    this.wish = wish;
  }

  private emit(...events: EngineEvent[]): void {
    this.listener(events);
  }

  private async count(phase: Phase, label: string, total: number): Promise<void> {
    for (let done = 0; done < total && this.wish !== 'stop'; done++) {
      this.emit({ kind: 'phase', phase, label, done, total });
      await sleep(this.options.secondsPerStep / 2);
    }
  }

  private async play(settings: Settings): Promise<void> {
    const executor = settings.executor === 'auto' ? PROBES[this.options.webgpu].recommended : settings.executor;
    await this.count('loading', 'Loading weights', 6);
    await this.count('compiling', 'Compiling the step', 9);
    this.emit({ kind: 'started', steps: settings.steps, executor, adapter: PROBES[this.options.webgpu].adapter, memoryBytes: 46_500_000 });
    await this.count('evaluating', 'Comparing before tuning', 5);
    const pairs = await this.options.pairs();
    const before = scoreAt(0, pairs, settings.steps);
    this.emit({ kind: 'score', score: before });
    const step = await this.train(settings);
    if (step === undefined) return;
    if (step === 0) return this.emit({ kind: 'phase', phase: 'done', label: 'Stopped' });
    await this.count('evaluating', 'Comparing after tuning', 5);
    this.tuned = true;
    const after = scoreAt(step, pairs, settings.steps);
    this.emit({ kind: 'score', score: after }, { kind: 'comparison', comparison: compare(before, after, pairs) });
    this.emit({ kind: 'phase', phase: 'done', label: 'Done' });
  }

  /** The step at which training ended; undefined where it failed. */
  private async train(settings: Settings): Promise<number | undefined> {
    for (let step = 1; step <= settings.steps; step++) {
      if (await this.waits(step - 1)) return step - 1;
      await sleep(this.options.secondsPerStep);
      if (step === this.options.failAt) {
        this.emit({ kind: 'failed', failure: { message: `The loss of step ${step} is not a number. Lower the learning rate and tune again.`, details: 'fake-engine.ts: asked to fail' } });
        return undefined;
      }
      const seconds = this.options.secondsPerStep;
      this.emit(
        { kind: 'phase', phase: 'training', label: 'Training' },
        { kind: 'step', step, loss: 0.9 * Math.exp(-step / 60) + 0.35 + 0.12 * noise(step, 1), lr: settings.lr * Math.min(1, step / 5) * (0.5 + 0.5 * Math.cos((Math.PI * step) / settings.steps)), gradNorm: 0.4 + noise(step, 2), seconds, imagesPerSecond: settings.batch / seconds },
      );
    }
    return settings.steps;
  }

  /** Waits while the run is paused; true when it is to stop. */
  private async waits(step: number): Promise<boolean> {
    if (this.wish === 'pause') this.emit({ kind: 'phase', phase: 'paused', label: `Paused at ${step}` });
    while (this.wish === 'pause') await sleep(0.05);
    return this.wish === 'stop';
  }
}

function scoreAt(step: number, pairs: Comparison['pairs'], steps: number): Score {
  const drift = step / Math.max(1, steps);
  const results = pairs.map((_, i): PairResult => {
    const at = (k: number): number => Math.fround(0.22 + 0.05 * (noise(i, k) + drift * 0.35 * (noise(i, k + 9) + (k === 0 || k === 3 ? 0.25 : 0))));
    const similarity: PairResult['similarity'] = i % 29 === 4 ? [[0.25, 0.25], [at(2), at(3)]] : [[at(0), at(1)], [at(2), at(3)]];
    return { similarity, right: similarity[0][0] > similarity[0][1] && similarity[1][1] >= similarity[1][0] };
  });
  const patterns = [...new Set(pairs.map((pair) => pair.pattern))];
  const perPattern = patterns.map((pattern) => {
    const own = results.filter((_, i) => pairs[i]?.pattern === pattern);
    return { pattern, right: own.filter((result) => result.right).length, of: own.length };
  });
  return { step, pairsRight: results.filter((result) => result.right).length, of: pairs.length, perPattern, pairs: results };
}

function compare(before: Score, after: Score, pairs: Comparison['pairs']): Comparison {
  const count = (was: boolean, is: boolean, pattern?: string): number =>
    before.pairs.filter((result, i) => result.right === was && after.pairs[i]?.right === is && (pattern === undefined || pairs[i]?.pattern === pattern)).length;
  const patterns = before.perPattern.map(({ pattern }, i) => ({ pattern, fixed: count(false, true, pattern), broken: count(true, false, pattern), p: i / 10 }));
  return { readout: 'plain CLIP embedding', before, after, mcnemar: { fixed: count(false, true), broken: count(true, false), p: 0.18 }, patterns, pairs };
}
