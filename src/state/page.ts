/** All that the page shows, as data; store.ts is what changes it. */
import type { Advice, BenchmarkInfo, BundledItem, ClipInfo, DiffusionInfo, EvaluationInfo, EvaluationResult, Failure, HubModel, KeptRun, PicturesInfo, Probe, Settings, Source, SourceKind } from '../engine/api';
import type { FileSource } from './files';
import type { PastRun } from './history';
import type { Paces } from './pace';
import type { RunState } from './run';

export interface Infos {
  readonly clip: ClipInfo;
  readonly diffusion: DiffusionInfo;
  readonly pictures: PicturesInfo;
  readonly benchmark: BenchmarkInfo;
}

/** What a card holds, and what it is reading to hold next. */
export interface Slot<T> {
  readonly reading?: string;
  /** Bytes of it that have come from the hub. */
  readonly progress?: { readonly done: number; readonly total: number };
  /** That the download is to end has been asked for. */
  readonly cancelling?: boolean;
  readonly info?: T;
  readonly source?: Source;
}

type Slots = { readonly [K in SourceKind]: Slot<Infos[K]> };

/** What was recognised last, what it was taken for, and what it took the place of. */
export interface Dropped {
  readonly source: FileSource;
  readonly kind: SourceKind;
  readonly replaced?: Source;
}

/** An evaluation under way, or what has come of it. */
export interface Measured {
  readonly progress?: { readonly label: string; readonly done: number; readonly total: number; readonly cancelling?: boolean };
  readonly result?: EvaluationResult;
  readonly failed?: boolean;
}

export interface PageState {
  readonly probe?: Probe;
  readonly catalogue: readonly BundledItem[];
  readonly slots: Slots;
  /** Models of the hub that are in the browser's storage. */
  readonly hubModels: readonly HubModel[];
  /** Set by a person, an address or a file. */
  readonly own: Partial<Settings>;
  /** For the models on the page. */
  readonly advice?: Advice;
  /** A person's own, over the advice, over the defaults. */
  readonly settings: Settings;
  readonly run: RunState;
  /** Runs of this visit that were compared, the newest first. */
  readonly history: readonly PastRun[];
  readonly seriesVersion: number;
  readonly evaluations: readonly EvaluationInfo[];
  /** By the evaluation's id. */
  readonly measured: Readonly<Record<string, Measured>>;
  /** Newest last; shown in one place until dismissed. */
  readonly failures: readonly Failure[];
  readonly paces: Paces;
  readonly dropped?: Dropped;
  /** What is looked at to find out what it is. */
  readonly looking?: string;
  /** What came of dropped files that fill no card. */
  readonly notice?: string;
  /** The engine is gone, and none has been opened in its place. */
  readonly broken: boolean;
  /** A run that was broken off and can go on. */
  readonly kept?: KeptRun;
}
