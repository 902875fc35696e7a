import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BundledItem, Source } from '../engine/api';
import { FakeEngine } from '../testing/fake-engine';
import { connect } from './connection';
import type { FileSource } from './files';
import { readiness } from './ready';
import { measuredOfRun, measuresRun, olderResults } from './inputs';
import { phaseText } from './phase';
import { begin, cancelDownload, cancelMeasuring, changeSettings, choose, lookUp, loseEngine, measure, ownSettings, pause, receive, reopen, resume, retakeDropped, stop, takeFiles, theSeries, tune, usePage } from './store';

const blob = new Blob();
const pairs = Promise.resolve([{ pattern: 'State', captions: ['open', 'shut'] as const, pictures: [blob, blob] as const }]);
const catalogue: BundledItem[] = (['clip', 'diffusion', 'pictures', 'benchmark'] as const).map((kind) => ({ id: `tiny-${kind}`, kind, title: `Tiny ${kind}`, note: '', bytes: 1 }));
const files: FileSource = { name: 'holiday', files: [{ path: 'a.jpg', blob }] };
const start = usePage.getInitialState();
let next: FakeEngine;
const page = usePage.getState;

function engineThat(failAt?: number): FakeEngine {
  return new FakeEngine({ webgpu: 'none', secondsPerStep: 0.001, failAt, skipped: [], pairs: () => pairs, catalogue });
}

async function open(engine: FakeEngine, query = ''): Promise<void> {
  usePage.setState(start, true);
  next = engine;
  await begin(query, () => next);
}

/** What the button does, where the next engine is this one. */
async function reopenWith(engine: FakeEngine): Promise<void> {
  next = engine;
  await reopen();
}

async function until(phase: string): Promise<void> {
  while (page().run.phase !== phase) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('the page', () => {
  beforeEach(() => open(engineThat(), '?steps=3'));
  afterEach(() => {
    usePage.setState(start, true);
    vi.unstubAllGlobals();
  });

  it('fills every card at the start', () => {
    expect(Object.values(page().slots).map((slot) => slot.source)).toEqual(catalogue.map(({ id }) => ({ bundled: id })));
    expect(readiness(page())).toMatchObject({ ready: true, sentence: expect.stringContaining('3 steps of 4 pictures on WASM') as string });
  });

  it('takes what was chosen for a model where nothing else is set', async () => {
    const advise: FakeEngine['advise'] = () => Promise.resolve({ ok: true, value: { settings: { steps: 60, lr: 0.5, more: { trained: 'head', momentum: 0.9 } }, models: 'nano' } });
    connect(Object.assign(engineThat(), { advise }));
    vi.stubGlobal('history', { replaceState: (_state: null, _title: string, address: string) => (vi.stubGlobal('location', { pathname: '/', search: address.slice(1) })) });
    vi.stubGlobal('location', { pathname: '/' });
    await choose('clip', files);
    changeSettings({ more: { momentum: 0.5 } });
    expect(page().settings).toMatchObject({ steps: 3, lr: 0.5, more: { trained: 'head', momentum: 0.5 } });
    expect(location.search).toBe('?steps=3&set.momentum=0.5');
    ownSettings({});
    expect(page().settings).toMatchObject({ steps: 60, more: { momentum: 0.9 } });
  });

  it('keeps what a card held when its next choice fails', async () => {
    const held = page().slots.clip;
    connect(Object.assign(engineThat(), { loadClip: () => Promise.resolve({ ok: false, failure: { message: 'No model in it.', details: '' } }) }));
    await choose('clip', files);
    expect(page().slots.clip).toEqual(held);
    expect(page().failures).toEqual([{ message: 'holiday was not taken for Eyes. No model in it.', details: '' }]);
    await choose('pictures', files);
    expect(page().failures).toEqual([]);
  });

  it('downloads a model of the hub, and is silent about a download that was cancelled', async () => {
    expect(await lookUp('clip', 'clip')).toBeUndefined();
    expect(page().failures[0]?.message).toContain('owner/name');
    expect(await lookUp('clip', 'a/b')).toMatchObject({ name: 'a/b', missing: 606e6 });
    const held = page().slots.clip.source;
    const under = choose('clip', { hub: 'a/b' });
    while (!page().slots.clip.progress) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(readiness(page()).sentence).toBe('Downloading a/b…');
    await cancelDownload('clip');
    await under;
    expect([page().slots.clip.source, page().slots.clip.progress, page().failures]).toEqual([held, undefined, []]);
    await choose('clip', { hub: 'a/b' });
    expect([page().slots.clip.source, page().slots.clip.progress]).toEqual([{ hub: 'a/b' }, undefined]);
  });

  it('takes files for what they look like, and gives back what they replaced when that was wrong', async () => {
    await takeFiles(files);
    expect([page().dropped?.kind, page().slots.pictures.source]).toEqual(['pictures', files]);
    await retakeDropped('benchmark');
    expect([page().slots.pictures.source, page().slots.benchmark.source]).toEqual([{ bundled: 'tiny-pictures' }, files]);
  });

  it('says that a drop was empty or came during a run', async () => {
    await takeFiles(undefined);
    receive([{ kind: 'phase', phase: 'training', label: '' }]);
    await takeFiles(files, 'pictures');
    expect(page().failures.map(({ message }) => message)).toEqual([expect.stringContaining('no files'), expect.stringContaining('nothing was taken of holiday')]);
    expect(page().slots.pictures.source).toEqual({ bundled: 'tiny-pictures' });
  });

  it('runs to the comparison and remembers the pace', async () => {
    await tune();
    await until('done');
    expect(page().run).toMatchObject({ step: 3, executor: 'wasm', comparison: { after: { step: 3, of: 1 } } });
    expect(theSeries().step).toEqual([1, 2, 3]);
    expect(page().history).toEqual([expect.objectContaining({ control: false, models: 'tiny-clip under tiny-diffusion', title: 'DIVA, 3 × 4, lr 1e-4, seed 1', score: expect.stringMatching(/^\d → \d of 1 \(.*\), p = \.18$/) as string })]);
    expect(readiness(page()).sentence).toContain('going by the last run');
  });

  it('says whose the results are once a card holds something else', async () => {
    await tune();
    await until('done');
    expect([olderResults(page()), measuresRun(page())]).toEqual([undefined, true]);
    await choose('pictures', files);
    expect([olderResults(page()), measuresRun(page())]).toEqual([expect.stringMatching(/^What is shown is of tiny-clip under tiny-diffusion with tiny-pictures, .* under Pictures:/), true]);
    await choose('clip', files);
    expect([page().run.inputs.clip?.name, measuresRun(page()), olderResults(page())]).toEqual(['tiny-clip', false, expect.stringContaining('under Eyes, Pictures:')]);
    await tune();
    expect(olderResults(page())).toBeUndefined();
    await until('done');
  });

  it('measures before a run and again after it', async () => {
    const under = measure('0');
    expect([page().measured['0']?.progress, readiness(page()).ready]).toEqual([expect.objectContaining({ done: 0 }), false]);
    await under;
    expect(page().measured['0']).toMatchObject({ result: { before: 48.2 }, failed: false });
    await tune();
    await until('done');
    expect(page().measured).toEqual({});
    await measure('0');
    expect(page().measured['0']?.result?.after).toBeDefined();
    const [first, second] = [measure('1'), measure('2')];
    await takeFiles(files, 'clip');
    expect(page().failures[0]?.message).toContain('An evaluation is under way');
    await cancelMeasuring('1');
    await Promise.all([first, second]);
    expect([page().measured['1'], page().measured['2']?.result?.after]).toEqual([{ result: undefined, failed: false }, expect.any(Number)]);
    await measure('3');
    expect([page().measured['3']?.failed, page().failures.length]).toEqual([true, 1]);
  });

  it('pauses, goes on and stops', async () => {
    usePage.setState({ settings: { ...page().settings, steps: 10_000 } });
    await tune();
    await until('training');
    await pause();
    expect(page().run.asked).toBe('pause');
    await until('paused');
    await resume();
    await until('training');
    await stop();
    await until('done');
    expect(page().run.asked).toBeUndefined();
    expect(page().run.step).toBeLessThan(10_000);
  });

  it('shows a failed run once and can run again', async () => {
    await open(engineThat(2), '?steps=3');
    await tune();
    await until('failed');
    expect(page().failures).toHaveLength(1);
    expect(readiness(page()).ready).toBe(true);
    await tune();
    expect(page().failures).toHaveLength(0);
    await until('failed');
  });

  it('says that a run was stopped before it changed anything', async () => {
    await tune();
    await tune();
    await stop();
    await until('done');
    expect([phaseText(page().run), page().run.comparison, page().history, page().failures]).toEqual(['Stopped before the first step: nothing was changed', undefined, [], []]);
  });

  it('ends everything under way when the engine breaks off', async () => {
    connect(Object.assign(engineThat(), { evaluate: () => new Promise(() => undefined), loadPictures: () => new Promise(() => undefined) }));
    const hanging = [measure('0'), choose('pictures', files)];
    receive([{ kind: 'phase', phase: 'training', label: '' }]);
    loseEngine('out of memory');
    receive([{ kind: 'phase', phase: 'training', label: '' }]);
    await Promise.all(hanging);
    expect(page()).toMatchObject({ run: { phase: 'failed' }, measured: { 0: { failed: true } }, slots: { pictures: { reading: undefined } }, failures: [{ details: 'out of memory' }] });
    expect(readiness(page())).toMatchObject({ ready: false, sentence: expect.stringContaining('again') as string });
  });

  it('opens another engine with the same choices, and keeps what is on the page', async () => {
    await choose('pictures', files);
    await tune();
    await until('done');
    await measure('0');
    const { run, slots, measured } = page();
    loseEngine('out of memory');
    expect([readiness(page()).ready, measuresRun(page()), measuredOfRun(page()), page().run]).toEqual([false, false, true, { ...run, weightsLost: true }]);
    const asked: Source[] = [];
    const { loadPictures } = engineThat();
    await reopenWith(Object.assign(engineThat(), { loadPictures: (source: Source) => (asked.push(source), loadPictures(source)) }));
    expect(asked).toEqual([files]);
    expect([page().slots, page().measured, page().failures, olderResults(page()), readiness(page()).ready]).toEqual([slots, measured, [], undefined, true]);
    loseEngine('again');
    await reopenWith(Object.assign(engineThat(), { loadClip: () => Promise.resolve({ ok: false, failure: { message: 'It cannot be read any more.', details: '' } }) }));
    expect(page().slots).toEqual({ ...slots, clip: {} });
    expect(page().failures.map(({ message }) => message)).toEqual(['Tiny clip could not be taken for Eyes again. It cannot be read any more.']);
  });

  it('says so when the engine itself breaks', async () => {
    connect(Object.assign(engineThat(), { recognise: () => Promise.reject(new Error('worker gone')) }));
    await takeFiles(files);
    expect(page().failures[0]).toMatchObject({ message: expect.stringContaining('stopped answering') as string, details: expect.stringContaining('worker gone') as string });
  });
});
