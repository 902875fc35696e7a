/**
 * What the page knows of the engine: the only module that `state` and `ui` share with the workers. Plain data both ways (structured clone);
 * the engine reports through one stream of events.
 */

export type ExecutorChoice = 'auto' | 'webgpu' | 'wasm';

/** What this machine offers; decided once, at the start. */
export interface Probe {
  readonly webgpu: 'hardware' | 'software' | 'none';
  readonly adapter: string;
  readonly f16: boolean;
  readonly crossOriginIsolated: boolean;
  /** What `auto` means here, and why, in a sentence. */
  readonly recommended: 'webgpu' | 'wasm';
  readonly reason: string;
}

/** A file chosen on the page: `path` is relative to what was dropped. */
export interface PickedFile {
  readonly path: string;
  readonly blob: Blob;
}

/** One of the bundled models or picture sets, files that a person brought, or a model's repository on the Hugging Face hub (`owner/name` or `owner/name@revision`). */
export type Source = { readonly bundled: string } | { readonly name: string; readonly files: readonly PickedFile[] } | { readonly hub: string };

/** What a source can be used as; each has its card on the page. */
export type SourceKind = 'clip' | 'diffusion' | 'pictures' | 'benchmark';

/** What can be taken from the hub. */
export type ModelKind = 'clip' | 'diffusion';

/** What taking a model from the hub would download. */
export interface HubOffer {
  /** As {@link Source} has it. */
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  /** Those of them that are not here from an earlier time. */
  readonly missing: number;
  readonly licence?: string;
}

/** A model of the hub that is kept in the browser's storage. */
export interface HubModel {
  /** As {@link Source} has it. */
  readonly name: string;
  readonly kind: ModelKind;
  /** Of what the model needs, and how many of them are here. */
  readonly bytes: number;
  readonly here: number;
}

/** What dropped files are taken for: a card's contents, a run's settings, or something sound that is of no use by itself. */
export type Recognised =
  | { readonly use: 'card'; readonly kind: SourceKind }
  | { readonly use: 'settings'; readonly settings: Partial<Settings> }
  | { readonly use: 'none'; readonly words: string };

/** Something that comes with the page. */
export interface BundledItem {
  readonly id: string;
  readonly kind: SourceKind;
  readonly title: string;
  /** What a person should know before using it. */
  readonly note: string;
  /** What choosing it downloads; 0 for what is drawn in the tab. */
  readonly bytes: number;
}

export interface ClipInfo {
  readonly name: string;
  readonly family: 'openai' | 'metaclip' | 'siglip';
  readonly imageSize: number;
  readonly parameters: number;
  readonly bytes: number;
}

export interface DiffusionInfo {
  readonly name: string;
  readonly imageSize: number;
  readonly contextWidth: number;
  readonly parameters: number;
  readonly bytes: number;
}

export interface PicturesInfo {
  readonly name: string;
  readonly count: number;
  /** The first few files, to look at. */
  readonly samples: readonly Blob[];
  /** Files that cannot be used, each with the reason in words. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

export interface BenchmarkInfo {
  readonly name: string;
  readonly pairs: number;
  /** Pairs that do not count, and why. */
  readonly warnings: readonly string[];
}

export type SettingValue = string | number | boolean | null;

export interface Settings {
  readonly recipe: 'diva' | 'control';
  readonly steps: number;
  readonly lr: number;
  readonly draws: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly seed: number;
  readonly executor: ExecutorChoice;
  /** Evaluate the benchmark every so many steps; 0: before and after only. */
  readonly evaluateEvery: number;
  /** Those that have no field of their own here, by the names of the command line's `--set`. */
  readonly more: Readonly<Record<string, SettingValue>>;
}

/** Settings that stand where a person has set nothing. */
export interface Advice {
  readonly settings: Partial<Settings>;
  /** The models that they were chosen for, where they are not the usual ones. */
  readonly models?: string;
}

/** What of some settings can be used, and by its name what cannot and why not. */
export interface Usable {
  readonly settings: Partial<Settings>;
  readonly refused: readonly { readonly name: string; readonly value: SettingValue; readonly why: string }[];
}

/** A run that was broken off with its tab or its engine, and can go on. */
export interface KeptRun {
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
  /** Steps done. */
  readonly step: number;
  readonly settings: Settings;
  readonly inputs: readonly {
    readonly kind: SourceKind;
    readonly name: string;
    /** Undefined for files that only a person can choose again. */
    readonly source?: Source | undefined;
    /** Whether it is what is chosen now. */
    readonly chosen: boolean;
  }[];
}

/** A failure in words; `details` is for the copy button. */
export interface Failure {
  readonly message: string;
  readonly details: string;
}

export type Phase = 'idle' | 'loading' | 'compiling' | 'training' | 'paused' | 'evaluating' | 'done' | 'failed';

/** One pair of the benchmark under one model: similarity[caption][picture], both in the order of the pair. */
export interface PairResult {
  readonly similarity: readonly [readonly [number, number], readonly [number, number]];
  /** The official rule: both captions choose their picture. */
  readonly right: boolean;
}

export interface Score {
  readonly step: number;
  readonly pairsRight: number;
  readonly of: number;
  /** Pairs right and pairs in all, per pattern, in the benchmark's order. */
  readonly perPattern: readonly { readonly pattern: string; readonly right: number; readonly of: number }[];
  readonly pairs: readonly PairResult[];
}

/** Pairs that turned right, pairs that turned wrong, and how often chance alone turns them as unevenly: McNemar's exact test, two-sided. */
export interface Turned {
  readonly fixed: number;
  readonly broken: number;
  readonly p: number;
}

export interface Comparison {
  readonly readout: string;
  readonly before: Score;
  readonly after: Score;
  readonly mcnemar: Turned;
  /** In the benchmark's order. */
  readonly patterns: readonly (Turned & { readonly pattern: string })[];
  readonly pairs: readonly { readonly pattern: string; readonly captions: readonly [string, string]; readonly pictures: readonly [Blob, Blob] }[];
}

/** Something that a CLIP is asked beside the pairs. */
export interface EvaluationInfo {
  readonly id: string;
  readonly title: string;
  /** What is asked, and of how many pictures. */
  readonly what: string;
  /** What the figure is a percentage of. */
  readonly unit: string;
  /** What a row of the table is. */
  readonly rows: string;
}

/** A figure in percent of the untouched model, and of the tuned one where there is one. */
export interface Figure {
  readonly before: number;
  readonly after?: number;
  /** Of an exact two-sided test between the two, item by item; undefined where there is no after. */
  readonly p?: number;
}

/** Where a text is seen in a picture; blue is least and yellow most, the same before and after. */
export interface HeatMaps {
  readonly text: string;
  readonly picture: Blob;
  readonly before: Blob;
  readonly after?: Blob;
}

export interface EvaluationResult extends Figure {
  /** What guessing would get, in percent. */
  readonly chance?: number;
  readonly rows: readonly (Figure & { readonly name: string })[];
  readonly maps?: readonly HeatMaps[];
}

export type EngineEvent =
  | { readonly kind: 'phase'; readonly phase: Phase; readonly label: string; readonly done?: number; readonly total?: number }
  | { readonly kind: 'started'; readonly steps: number; readonly executor: string; readonly adapter: string; readonly memoryBytes: number }
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly lr: number; readonly gradNorm: number; readonly seconds: number; readonly imagesPerSecond: number }
  | { readonly kind: 'score'; readonly score: Score }
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  | { readonly kind: 'evaluation'; readonly id: string; readonly label: string; readonly done: number; readonly total: number }
  | { readonly kind: 'download'; readonly model: ModelKind; readonly done: number; readonly total: number }
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Every method answers; none throws across the worker boundary. */
export interface EngineApi {
  probe(): Promise<Answer<Probe>>;
  /** Events arrive at most ten times a second, in order; a step's event is never dropped. */
  subscribe(listener: (events: readonly EngineEvent[]) => void): Promise<void>;
  /** What is bundled with the page. */
  catalogue(): Promise<Answer<readonly BundledItem[]>>;
  /** The files of something bundled, zipped. */
  saveBundled(id: string): Promise<Answer<Blob>>;
  /** What dropped files are, archives included; a file by itself is read and validated fully. */
  recognise(source: Source): Promise<Answer<Recognised>>;
  /** Asks the hub for the names and sizes of a repository's files; `name` may be the address of its page. */
  lookUp(kind: ModelKind, name: string): Promise<Answer<HubOffer>>;
  /** Ends the download under way: what waits for it fails. */
  cancelDownload(kind: ModelKind): Promise<void>;
  /** What downloads have left here. */
  hubModels(): Promise<Answer<readonly HubModel[]>>;
  removeHubModel(name: string): Promise<Answer<void>>;
  /** Progress of a download comes as events. */
  loadClip(source: Source): Promise<Answer<ClipInfo>>;
  loadDiffusion(source: Source): Promise<Answer<DiffusionInfo>>;
  loadPictures(source: Source): Promise<Answer<PicturesInfo>>;
  loadBenchmark(source: Source): Promise<Answer<BenchmarkInfo>>;
  /** What fits the models chosen, with everything that a run has a setting for. */
  advise(): Promise<Answer<Advice>>;
  /** What of a person's own settings can be used over others that stand already. */
  usable(own: Partial<Settings>, over: Settings): Promise<Answer<Usable>>;
  start(settings: Settings): Promise<Answer<void>>;
  /** The last run, if it was broken off. */
  keptRun(): Promise<Answer<{ readonly run: KeptRun | undefined }>>;
  /** Goes on with it as if nothing had been; its inputs must be chosen. */
  goOn(): Promise<Answer<void>>;
  discardKeptRun(): Promise<Answer<void>>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends training after the step under way; the comparison of what has been reached follows. */
  stop(): Promise<void>;
  /** What {@link evaluate} can ask. */
  evaluations(): Promise<Answer<readonly EvaluationInfo[]>>;
  /** Asks the chosen model as it was, and as a run has left it. Progress comes as events; what a model answered is kept. */
  evaluate(id: string): Promise<Answer<{ readonly result: EvaluationResult | undefined }>>;
  /** Ends an evaluation that is under way or waits for another one: its answer is then no result. */
  cancelEvaluation(id: string): Promise<void>;
  /** The tuned encoder as a model folder, zipped. */
  exportModel(): Promise<Answer<Blob>>;
}
