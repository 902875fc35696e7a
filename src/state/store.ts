import { create } from 'zustand';
import type { Answer, EngineApi, EngineEvent, Failure, HubOffer, ModelKind, Recognised, Settings, Source, SourceKind, Usable } from '../engine/api';
import { ask, connect, disconnect, type OpenEngine } from './connection';
import type { FileSource } from './files';
import { pastRun } from './history';
import { CARDS, SOURCE_KINDS } from './inputs';
import { loadPaces, savePaces, withPace } from './pace';
import type { Infos, Measured, PageState, Slot } from './page';
import { combinationOf } from './plan';
import { workUnderWay } from './ready';
import { applyEvent, canExport, idleRun, isBusy, type RunState } from './run';
import { appendStep, emptySeries, type Series } from './series';
import { defaultSettings, problemOf, settingsFromQuery, settingsToQuery, settled } from './settings';

export const usePage = create<PageState>()(() => ({
  catalogue: [],
  hubModels: [],
  slots: { clip: {}, diffusion: {}, pictures: {}, benchmark: {} },
  own: {},
  settings: defaultSettings,
  run: idleRun,
  history: [],
  seriesVersion: 0,
  evaluations: [],
  measured: {},
  failures: [],
  paces: {},
  broken: false,
}));

const set = usePage.setState;
const get = usePage.getState;

let series = emptySeries();

/** The steps of the run; read again whenever seriesVersion has changed. */
export function theSeries(): Series {
  return series;
}

export function showFailure(failure: Failure): void {
  set((state) => ({ failures: [...state.failures.filter((shown) => shown.message !== failure.message), failure] }));
}

export function dismissFailures(): void {
  set({ failures: [] });
}

/** The value of an answer; a failure is shown instead, after the words that say what it left undone, unless it is what was `wished` for. */
async function valueOf<T>(call: (api: EngineApi) => Promise<Answer<T>>, undone = '', wished = (): boolean => false): Promise<T | undefined> {
  const answer = await ask(call);
  if (answer.ok) return answer.value;
  if (wished()) return undefined;
  const { message, details } = answer.failure;
  showFailure({ message: get().broken ? message : undone + message, details });
  return undefined;
}

/** Ends everything that waits for an engine which has broken off. What is on the page stays. */
export function loseEngine(why: string): void {
  const failure: Failure = { message: `${wordsOfLoss()} If starting it again does not help, load the page again; the details say where it ended.`, details: why };
  const { run } = get();
  const held = isBusy(run.phase) || canExport(run);
  if (isBusy(run.phase)) receive([{ kind: 'failed', failure }]);
  else showFailure(failure);
  set((state) => ({ broken: true, run: held ? { ...state.run, weightsLost: true } : state.run }));
  disconnect(failure);
}

function wordsOfLoss(): string {
  const { probe, run } = get();
  if (!probe) return 'The engine could not start.';
  const lost = run.step > 0 && !run.weightsLost ? ', but tuned weights that were not exported are lost' : '';
  return `The engine broke off, as happens when memory runs out. What is on the page stays${lost}. Start the engine again: it takes up the same choices.`;
}

export function receive(events: readonly EngineEvent[]): void {
  if (get().broken) return;
  let { run } = get();
  for (const event of events) {
    run = applyEvent(run, event);
    if (event.kind === 'step') appendStep(series, event);
    if (event.kind === 'failed') showFailure(event.failure);
    if (event.kind === 'evaluation') showProgress(event);
    if (event.kind === 'download') showDownload(event);
  }
  set((state) => ({ run, seriesVersion: state.seriesVersion + 1 }));
  if (events.some((event) => event.kind === 'phase' && event.phase === 'done')) {
    rememberPace();
    const past = pastRun(run);
    if (past) set((state) => ({ history: [past, ...state.history] }));
  }
}

function showProgress({ id, label, done, total }: Extract<EngineEvent, { kind: 'evaluation' }>): void {
  const known = get().measured[id];
  if (known?.progress && !known.progress.cancelling) changeMeasured(id, { ...known, progress: { label, done, total } });
}

function showDownload({ model, done, total }: Extract<EngineEvent, { kind: 'download' }>): void {
  const { reading, cancelling } = get().slots[model];
  if (reading !== undefined && !cancelling) changeSlot(model, { progress: { done, total } });
}

function changeMeasured(id: string, measured: Measured): void {
  set((state) => ({ measured: { ...state.measured, [id]: measured } }));
}

/** Asks the models on the page; what came of an earlier time stays in sight until then. */
export async function measure(id: string): Promise<void> {
  const { measured } = get();
  if (isBusy(get().run.phase) || measured[id]?.progress) return;
  const waits = workUnderWay(get()) !== undefined;
  if (!waits) dismissFailures();
  const before = measured[id]?.result;
  changeMeasured(id, { result: before, progress: { label: waits ? 'Waiting for the other one' : 'Starting', done: 0, total: 0 } });
  const answer = await valueOf((api) => api.evaluate(id));
  changeMeasured(id, { result: answer?.result ?? before, failed: answer === undefined });
}

/** What an evaluation that is cancelled has found out so far is not kept. */
export async function cancelMeasuring(id: string): Promise<void> {
  const known = get().measured[id];
  if (!known?.progress) return;
  changeMeasured(id, { ...known, progress: { ...known.progress, label: 'Cancelling', cancelling: true } });
  await valueOf(async (api) => ({ ok: true, value: await api.cancelEvaluation(id) }));
}

/** Keeps how long this run's steps took, for the sentence under Tune. */
function rememberPace(): void {
  const { settings, inputs: { clip, diffusion }, executor, secondsPerStep } = get().run;
  if (!settings || !clip || !diffusion || secondsPerStep <= 0) return;
  const paces = withPace(get().paces, combinationOf(settings, executor, clip, diffusion), secondsPerStep);
  set({ paces });
  savePaces(paces);
}

const LOADERS: { readonly [K in SourceKind]: (api: EngineApi, source: Source) => Promise<Answer<Infos[K]>> } = {
  clip: (api, source) => api.loadClip(source),
  diffusion: (api, source) => api.loadDiffusion(source),
  pictures: (api, source) => api.loadPictures(source),
  benchmark: (api, source) => api.loadBenchmark(source),
};

function changeSlot<K extends SourceKind>(kind: K, change: Slot<Infos[K]>): void {
  set((state) => ({ slots: { ...state.slots, [kind]: { ...state.slots[kind], ...change } } }));
}

/** The name a person knows a source by. */
function nameOf(source: Source): string {
  if ('bundled' in source) return get().catalogue.find((item) => item.id === source.bundled)?.title ?? source.bundled;
  return 'hub' in source ? source.hub : source.name;
}

/** What each card is loading: one choice after the other, so that the last one made is the one that stays. */
const turns: Partial<Record<SourceKind, Promise<void>>> = {};

function inTurn(kind: SourceKind, work: () => Promise<void>): Promise<void> {
  return (turns[kind] = (turns[kind] ?? Promise.resolve()).then(work));
}

/** Loads a source into a card; what the card held before stays when that fails. */
export function choose<K extends SourceKind>(kind: K, source: Source): Promise<void> {
  dismissFailures();
  if (kind === 'clip' || kind === 'diffusion') void cancelDownload(kind);
  changeSlot(kind, { reading: nameOf(source), progress: undefined });
  return inTurn(kind, () => load(kind, source));
}

async function load<K extends SourceKind>(kind: K, source: Source): Promise<void> {
  changeSlot(kind, { reading: nameOf(source), progress: undefined, cancelling: undefined });
  const info = await valueOf((api) => LOADERS[kind](api, source), `${nameOf(source)} was not taken for ${CARDS[kind]}. `, () => get().slots[kind].cancelling === true);
  changeSlot(kind, { reading: undefined, progress: undefined, cancelling: undefined, ...(info !== undefined && { info, source }) });
  if (kind === 'clip' && info !== undefined) set({ measured: {} });
  if ('hub' in source) await lookForHubModels();
  await takeAdvice(kind);
  if (get().kept) await lookForKept();
}

/** Gives a new engine what the card holds; results on the page stay those of it where it has not changed. */
async function loadAgain<K extends SourceKind>(kind: K, source: Source): Promise<void> {
  const held = get().slots[kind].info;
  const info = await valueOf((api) => LOADERS[kind](api, source), `${nameOf(source)} could not be taken for ${CARDS[kind]} again. `);
  if (get().broken) return changeSlot(kind, { reading: undefined, progress: undefined });
  const same = JSON.stringify(info) === JSON.stringify(held);
  changeSlot(kind, { reading: undefined, progress: undefined, cancelling: undefined, info: same ? held : info, source: info && source });
  await takeAdvice(kind);
}

async function takeAdvice(kind: SourceKind): Promise<void> {
  if (kind === 'clip' || kind === 'diffusion') {
    set({ advice: await valueOf((api) => api.advise()) });
    takeSettings(get().own);
  }
}

/** What a repository of the hub would download, and under which name. */
export async function lookUp(kind: ModelKind, name: string): Promise<HubOffer | undefined> {
  dismissFailures();
  return valueOf((api) => api.lookUp(kind, name));
}

async function lookForHubModels(): Promise<void> {
  set({ hubModels: (await valueOf((api) => api.hubModels())) ?? [] });
}

/** Takes a model of the hub out of the browser's storage. */
export async function removeHubModel(name: string): Promise<void> {
  await valueOf((api) => api.removeHubModel(name));
  await lookForHubModels();
}

export async function cancelDownload(kind: ModelKind): Promise<void> {
  if (get().slots[kind].reading === undefined) return;
  changeSlot(kind, { cancelling: true });
  await valueOf(async (api) => ({ ok: true, value: await api.cancelDownload(kind) }));
}

function refuseWhileBusy(name: string): boolean {
  const work = workUnderWay(get());
  if (work) showFailure({ message: `${work} is under way, so nothing was taken of ${name}. Stop it first.`, details: '' });
  return work !== undefined;
}

/** Takes files for what they are said to be, or else for what they look like. */
export async function takeFiles(source: FileSource | undefined, wanted?: SourceKind): Promise<void> {
  if (!source) {
    showFailure({ message: 'There are no files in what was dropped. Drop a folder with files in it, or the files themselves.', details: '' });
    return;
  }
  if (refuseWhileBusy(source.name)) return;
  dismissFailures();
  set({ dropped: undefined, notice: undefined });
  const taken = wanted ? { use: 'card', kind: wanted } as const : await recognise(source);
  if (taken === undefined || refuseWhileBusy(source.name)) return;
  if (taken.use === 'card') {
    if (!wanted) set({ dropped: { source, kind: taken.kind, replaced: get().slots[taken.kind].source } });
    await choose(taken.kind, source);
  } else if (taken.use === 'settings') {
    changeSettings(taken.settings);
    set({ notice: `Took the settings of ${source.name}.` });
  } else set({ notice: taken.words });
}

async function recognise(source: FileSource): Promise<Recognised | undefined> {
  set({ looking: source.name });
  const recognised = await valueOf((api) => api.recognise(source));
  set({ looking: undefined });
  return recognised;
}

/** Takes what was dropped for something else, and gives back what it had replaced. */
export async function retakeDropped(kind: SourceKind): Promise<void> {
  const { dropped, slots } = get();
  if (!dropped || refuseWhileBusy(dropped.source.name)) return;
  set({ dropped: { source: dropped.source, kind, replaced: slots[kind].source } });
  if (dropped.replaced && slots[dropped.kind].source === dropped.source) await choose(dropped.kind, dropped.replaced);
  await choose(kind, dropped.source);
}

export function dismissDropped(): void {
  set({ dropped: undefined, notice: undefined });
}

function takeSettings(own: Partial<Settings>): void {
  set({ own, settings: settled(own, get().advice?.settings) });
}

export function changeSettings(change: Partial<Settings>): void {
  const { own } = get();
  ownSettings({ ...own, ...change, ...(change.more && { more: { ...own.more, ...change.more } }) });
}

/** Takes these and no others as a person's own; the address says them. */
export function ownSettings(own: Partial<Settings>): void {
  takeSettings(own);
  history.replaceState(null, '', `${location.pathname}${settingsToQuery(get().own)}`);
}

export async function tune(): Promise<void> {
  const { settings } = get();
  if (!workUnderWay(get())) await startRun(settings, (api) => api.start(settings));
}

async function lookForKept(): Promise<void> {
  set({ kept: (await valueOf((api) => api.keptRun()))?.run });
}

/** Goes on with the run that was broken off; what it was started on is chosen again where the page can do that. */
export async function goOn(): Promise<void> {
  const { kept } = get();
  if (!kept || workUnderWay(get())) return;
  for (const { kind, source, chosen } of kept.inputs) if (source && !chosen) await choose(kind, source);
  await lookForKept();
  if (get().kept?.inputs.every(({ chosen }) => chosen)) await startRun(kept.settings, (api) => api.goOn());
}

export async function discardKept(): Promise<void> {
  await valueOf((api) => api.discardKeptRun());
  set({ kept: undefined });
}

async function startRun(settings: Settings, start: (api: EngineApi) => Promise<Answer<void>>): Promise<void> {
  series = emptySeries();
  const { clip, diffusion, pictures, benchmark } = get().slots;
  const inputs = { clip: clip.info, diffusion: diffusion.info, pictures: pictures.info, benchmark: benchmark.info };
  set((state) => ({ run: { ...idleRun, phase: 'loading', label: 'Starting', settings, inputs }, seriesVersion: state.seriesVersion + 1, measured: {}, failures: [], dropped: undefined, notice: undefined, kept: undefined }));
  const answer = await ask(start);
  if (!answer.ok) receive([{ kind: 'failed', failure: answer.failure }]);
}

async function request(asked: NonNullable<RunState['asked']>): Promise<void> {
  set((state) => ({ run: { ...state.run, asked } }));
  await valueOf(async (api) => ({ ok: true, value: await api[asked]() }));
}

export const pause = (): Promise<void> => request('pause');
export const resume = (): Promise<void> => request('resume');
export const stop = (): Promise<void> => request('stop');

export async function saveBundled(id: string): Promise<Blob | undefined> {
  return valueOf((api) => api.saveBundled(id));
}

export async function exportModel(): Promise<Blob | undefined> {
  return valueOf((api) => api.exportModel());
}

let openEngine: OpenEngine;

/** Takes the settings of the address, and fills every card with the bundled choice. */
export async function begin(query: string, open: OpenEngine): Promise<void> {
  openEngine = open;
  const { settings, problems } = settingsFromQuery(query);
  takeSettings(settings);
  set({ paces: loadPaces() });
  refuse(problems);
  await meetEngine();
  await checkSettings();
}

/** Says what of the address is left out. */
function refuse(problems: readonly string[]): void {
  if (problems.length) showFailure({ message: `${problems.join(' ')} ${problems.length > 1 ? 'They were' : 'It was'} left out; set what you want under Recipe.`, details: '' });
}

/** What of a person's own settings a run would take. */
function usableOwn(): Promise<Usable | undefined> {
  const { own, advice } = get();
  return valueOf((api) => api.usable(own, settled({}, advice?.settings)));
}

/** Why no run would take a setting as it stands; undefined where one would. */
export async function problemWith(name: string): Promise<string | undefined> {
  return (await usableOwn())?.refused.find((refused) => refused.name === name)?.why;
}

/** Drops what the address asks for and no run would take. */
async function checkSettings(): Promise<void> {
  const { own } = get();
  if (!Object.keys(own).length) return;
  const usable = await usableOwn();
  if (!usable?.refused.length || get().own !== own) return;
  takeSettings(usable.settings);
  refuse(usable.refused.map(({ name, value, why }) => problemOf(name, value, own, why)));
}

/** Opens an engine in the place of one that is gone, with the same choices. */
export async function reopen(): Promise<void> {
  if (!get().broken) return;
  set({ broken: false, failures: [] });
  await meetEngine();
}

/** Opens an engine, finds out what it and the machine offer, and gives it what the cards hold, or the bundled choice. */
async function meetEngine(): Promise<void> {
  connect(openEngine(loseEngine));
  const held = SOURCE_KINDS.filter((kind) => get().slots[kind].source);
  for (const kind of held) changeSlot(kind, { reading: nameOf(get().slots[kind].source!) });
  await valueOf(async (api) => ({ ok: true, value: await api.subscribe(receive) }));
  await checkSettings();
  const probe = await valueOf((api) => api.probe());
  const catalogue = (await valueOf((api) => api.catalogue())) ?? [];
  const evaluations = (await valueOf((api) => api.evaluations())) ?? [];
  if (!get().broken) set({ probe, catalogue, evaluations });
  for (const kind of SOURCE_KINDS) await inTurn(kind, () => (held.includes(kind) ? loadAgain(kind, get().slots[kind].source!) : loadFirst(kind)));
  await lookForHubModels();
  await lookForKept();
}

async function loadFirst(kind: SourceKind): Promise<void> {
  const first = get().catalogue.find((item) => item.kind === kind);
  const { info, reading } = get().slots[kind];
  if (first && !info && reading === undefined) await load(kind, { bundled: first.id });
}
