import { create } from 'zustand';
import type { Answer, BenchmarkInfo, BundledItem, ClipInfo, DiffusionInfo, EngineApi, EngineEvent, Failure, PicturesInfo, Probe, Settings, Source, SourceKind } from '../engine/api';
import { ask, theEngine } from './connection';
import { applyEvent, idleRun, isBusy, type RunState } from './run';
import { appendStep, emptySeries, type Series } from './series';
import { defaultSettings, settingsFromQuery, settingsToQuery } from './settings';

interface Infos {
  readonly clip: ClipInfo;
  readonly diffusion: DiffusionInfo;
  readonly pictures: PicturesInfo;
  readonly benchmark: BenchmarkInfo;
}

/** What a card holds. */
export type Slot<T> =
  | { readonly state: 'empty' }
  | { readonly state: 'reading'; readonly name: string }
  | { readonly state: 'ready'; readonly info: T; readonly bundled?: string };

type Slots = { readonly [K in SourceKind]: Slot<Infos[K]> };

/** What was dropped last and what it was taken for. */
export interface Dropped {
  readonly source: Source;
  readonly name: string;
  readonly kind: SourceKind;
}

interface PageState {
  readonly probe?: Probe;
  readonly catalogue: readonly BundledItem[];
  readonly slots: Slots;
  readonly settings: Settings;
  readonly run: RunState;
  readonly seriesVersion: number;
  readonly failure?: Failure;
  readonly dropped?: Dropped;
}

const empty = { state: 'empty' } as const;

export const usePage = create<PageState>()(() => ({
  catalogue: [],
  slots: { clip: empty, diffusion: empty, pictures: empty, benchmark: empty },
  settings: defaultSettings,
  run: idleRun,
  seriesVersion: 0,
}));

const set = usePage.setState;
const get = usePage.getState;

let series = emptySeries();

/** The steps of the run; read again whenever seriesVersion has changed. */
export function theSeries(): Series {
  return series;
}

export function showFailure(failure: Failure): void {
  set({ failure });
}

export function dismissFailure(): void {
  set({ failure: undefined });
}

/** The value of an answer; a failure is shown instead. */
async function valueOf<T>(call: (api: EngineApi) => Promise<Answer<T>>): Promise<T | undefined> {
  const answer = await ask(call);
  if (answer.ok) return answer.value;
  showFailure(answer.failure);
  return undefined;
}

export function receive(events: readonly EngineEvent[]): void {
  let { run, failure } = get();
  for (const event of events) {
    run = applyEvent(run, event);
    if (event.kind === 'step') appendStep(series, event);
    if (event.kind === 'failed') failure = event.failure;
  }
  set((state) => ({ run, failure, seriesVersion: state.seriesVersion + 1 }));
}

const LOADERS: { readonly [K in SourceKind]: (api: EngineApi, source: Source) => Promise<Answer<Infos[K]>> } = {
  clip: (api, source) => api.loadClip(source),
  diffusion: (api, source) => api.loadDiffusion(source),
  pictures: (api, source) => api.loadPictures(source),
  benchmark: (api, source) => api.loadBenchmark(source),
};

function setSlot<K extends SourceKind>(kind: K, slot: Slot<Infos[K]>): void {
  set((state) => ({ slots: { ...state.slots, [kind]: slot } }));
}

/** Loads a source into a card; what the card held before stays when that fails. */
export async function choose<K extends SourceKind>(kind: K, source: Source): Promise<void> {
  const before = get().slots[kind] as Slot<Infos[K]>;
  setSlot(kind, { state: 'reading', name: 'bundled' in source ? source.bundled : source.name });
  const info = await valueOf((api) => LOADERS[kind](api, source));
  setSlot(kind, info === undefined ? before : { state: 'ready', info, bundled: 'bundled' in source ? source.bundled : undefined });
}

/** Takes whatever was dropped on the page for what it looks like. */
export async function takeDropped(source: Source & { readonly name: string }): Promise<void> {
  if (isBusy(get().run.phase)) {
    showFailure({ message: `A run is under way, so ${source.name} was not taken. Stop the run first.`, details: '' });
    return;
  }
  const kind = await valueOf((api) => api.recognise(source));
  if (kind === undefined) return;
  set({ dropped: { source, name: source.name, kind } });
  await choose(kind, source);
}

export async function retakeDropped(kind: SourceKind): Promise<void> {
  const { dropped } = get();
  if (!dropped) return;
  set({ dropped: { ...dropped, kind } });
  await choose(kind, dropped.source);
}

export function changeSettings(change: Partial<Settings>): void {
  const settings = { ...get().settings, ...change };
  set({ settings });
  history.replaceState(null, '', `${location.pathname}${settingsToQuery(settings)}`);
}

export async function tune(): Promise<void> {
  series = emptySeries();
  set((state) => ({ run: { ...idleRun, phase: 'loading', label: 'Starting' }, seriesVersion: state.seriesVersion + 1, failure: undefined }));
  const answer = await ask((api) => api.start(get().settings));
  if (!answer.ok) receive([{ kind: 'failed', failure: answer.failure }]);
}

export const pause = (): Promise<void> => theEngine().pause();
export const resume = (): Promise<void> => theEngine().resume();
export const stop = (): Promise<void> => theEngine().stop();

export async function exportModel(): Promise<Blob | undefined> {
  return valueOf((api) => api.exportModel());
}

/** Finds out what the machine offers and fills every card with the bundled choice. */
export async function begin(query: string, subscriber: (listener: typeof receive) => Promise<void>): Promise<void> {
  const { settings, problems } = settingsFromQuery(query);
  set({ settings });
  if (problems.length) showFailure({ message: problems.join(' '), details: '' });
  await subscriber(receive);
  const probe = await valueOf((api) => api.probe());
  const catalogue = (await valueOf((api) => api.catalogue())) ?? [];
  set({ probe, catalogue });
  for (const kind of ['clip', 'diffusion', 'pictures', 'benchmark'] as const) {
    const first = catalogue.find((item) => item.kind === kind);
    if (first && get().slots[kind].state === 'empty') await choose(kind, { bundled: first.id });
  }
}
