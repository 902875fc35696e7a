import { readFile, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openArchive } from '../data/archive';
import { decodePicture } from '../data/decode-node';
import { fileInMemory, findFile } from '../data/files';
import { createNodeOrt } from '../executors/ort-node';
import type { EngineEvent, Failure, Settings } from './api';
import type { Machine } from './machine';
import { memoryStore, repositoryOf, serveHub, standInHub } from '../testing/stand-in-hub';
import { PRESETS } from '../recipes/settings';
import type { Shelf } from './kept';
import { Session } from './session';

const machine: Machine = {
  probe: async () => ({ webgpu: 'none', adapter: '', f16: false, crossOriginIsolated: false, recommended: 'wasm', reason: 'a test' }),
  openExecutor: async () => createNodeOrt(),
  decode: decodePicture,
  shelf: undefined,
  hub: { endpoint: 'http://127.0.0.1:1', store: memoryStore() },
  bundled: async (path) => new Uint8Array(await readFile(`public/${path}`)),
};

const settings: Settings = { recipe: 'diva', steps: 2, lr: 1e-3, draws: 1, batch: 2, accumulate: 1, seed: 1, executor: 'auto', evaluateEvery: 1, more: {} };

async function ready(on = machine, pairs = true): Promise<{ session: Session; events: EngineEvent[]; until: (test: (event: EngineEvent) => boolean) => Promise<EngineEvent> }> {
  const session = new Session(on);
  const events: EngineEvent[] = [];
  await session.subscribe((batch) => void events.push(...batch));
  for (const answer of [await session.loadClip({ bundled: 'tiny-clip' }), await session.loadDiffusion({ bundled: 'tiny-sd' }), await session.loadPictures({ bundled: 'drawings' }), ...(pairs ? [await session.loadBenchmark({ bundled: 'mmvp-mini' })] : [])]) {
    expect(answer).toMatchObject({ ok: true });
  }
  const until = async (test: (event: EngineEvent) => boolean): Promise<EngineEvent> => {
    for (;;) {
      const found = events.find(test);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  return { session, events, until };
}

function memoryShelf(): Shelf {
  let file: Blob | undefined;
  return {
    read: async () => file,
    write: async (contents) => void (file = contents),
    remove: async () => void (file = undefined),
  };
}

const isPhase = (...phases: string[]) => (event: EngineEvent): boolean => event.kind === 'phase' && phases.includes(event.phase);

describe('a session', () => {
  it('scores, trains, scores again, compares and exports', async () => {
    const { session, events, until } = await ready();
    const [first, second] = await Promise.all([session.start(settings), session.start(settings)]);
    expect([first, second]).toEqual([{ ok: true, value: undefined }, { ok: false, failure: expect.objectContaining({ message: expect.stringContaining('A run is under way') as string }) as Failure }]);
    expect(await session.evaluate('readout')).toMatchObject({ ok: false });
    await until((event) => isPhase('done')(event) || event.kind === 'failed');
    expect(events.filter(({ kind }) => kind === 'failed')).toEqual([]);
    expect(events.flatMap((event) => (event.kind === 'step' ? [event.step] : []))).toEqual([1, 2]);
    expect(events.flatMap((event) => (event.kind === 'score' ? [event.score.step] : []))).toEqual([0, 1, 2]);
    const comparison = events.find((event) => event.kind === 'comparison')!;
    expect(comparison).toMatchObject({ comparison: { before: { of: 135 }, after: { of: 135, step: 2 } } });
    const exported = await session.exportModel();
    expect(exported.ok && exported.value.size).toBeGreaterThan(500_000);
  });

  it('pauses, resumes and stops', async () => {
    const { session, events, until } = await ready();
    await session.start({ ...settings, steps: 1000, evaluateEvery: 0 });
    await until((event) => event.kind === 'step');
    await session.pause();
    expect(await session.exportModel()).toMatchObject({ ok: false });
    await until(isPhase('paused'));
    expect(await session.exportModel()).toMatchObject({ ok: true });
    await session.resume();
    await session.stop();
    await until(isPhase('done'));
    const steps = events.filter(({ kind }) => kind === 'step').length;
    expect(steps).toBeLessThan(1000);
    expect(events.find(({ kind }) => kind === 'comparison')).toMatchObject({ comparison: { after: { step: steps } } });
    events.length = 0;
    await session.start({ ...settings, steps: 1000, evaluateEvery: 0 });
    await session.stop();
    await until(isPhase('done'));
    expect(events.filter((event) => ['step', 'comparison', 'score'].includes(event.kind) || isPhase('loading', 'compiling')(event))).toEqual([]);
    events.length = 0;
    await session.start({ ...settings, steps: 1000, evaluateEvery: 0 });
    await until(isPhase('loading'));
    await session.stop();
    await until(isPhase('done'));
    expect(events.filter((event) => ['step', 'comparison', 'failed'].includes(event.kind) || isPhase('compiling')(event)), 'while loading').toEqual([]);
  });

  it('goes on after its tab is gone as if nothing had been', async () => {
    const vision = async (session: Session): Promise<Uint8Array> => {
      const exported = await session.exportModel();
      const tree = await openArchive(fileInMemory('tuned.zip', new Uint8Array(await (exported as { value: Blob }).value.arrayBuffer())));
      return findFile(tree!, 'onnx/vision_model.onnx')!.read();
    };
    const shelf = memoryShelf();
    const asked = { ...settings, steps: 6, evaluateEvery: 0 };
    const { session: whole, events: all, until: untilWhole } = await ready(machine, false);
    await whole.start(asked);
    await untilWhole(isPhase('done'));
    const { session: lost, until: untilLost } = await ready({ ...machine, shelf }, false);
    await lost.start(asked);
    await lost.pause();
    await untilLost(isPhase('paused'));
    const { session, events, until } = await ready({ ...machine, shelf }, false);
    expect(await session.keptRun()).toMatchObject({ value: { run: { settings: { ...asked, executor: 'wasm' }, inputs: [{ kind: 'clip', chosen: true }, { chosen: true }, { chosen: true }] } } });
    const own = await readFile(`public/pictures/${(await readdir('public/pictures'))[0]}`);
    await session.loadPictures({ name: 'own', files: [{ path: 'a.jpg', blob: new Blob([own]) }] });
    expect(await session.keptRun()).toMatchObject({ value: { run: { inputs: [{}, {}, { kind: 'pictures', source: { bundled: 'drawings' }, chosen: false }] } } });
    expect(await session.goOn()).toMatchObject({ ok: false, failure: { message: expect.stringContaining('something else is chosen') as string } });
    await session.loadPictures({ bundled: 'drawings' });
    expect(await session.goOn()).toMatchObject({ ok: true });
    await until((event) => isPhase('done')(event) || event.kind === 'failed');
    const losses = (of: EngineEvent[]): number[] => of.flatMap((event) => (event.kind === 'step' ? [event.loss] : []));
    expect(losses(events)).toEqual(losses(all));
    expect(Buffer.compare(await vision(session), await vision(whole))).toBe(0);
    expect(await session.keptRun()).toMatchObject({ value: { run: undefined } });
  });

  it('advises the preset only where both of its models are chosen, and takes what has no field', async () => {
    const session = new Session(machine);
    const { nano } = PRESETS;
    expect(await session.advise()).toMatchObject({ value: { settings: { more: { trained: 'all' } } } });
    await session.loadClip({ bundled: 'nano-clip' });
    await session.loadDiffusion({ bundled: 'tiny-sd' });
    expect(await session.advise()).toMatchObject({ value: { settings: { more: { trained: 'all' } } } });
    await session.loadDiffusion({ bundled: 'nano-sd' });
    const advice = await session.advise();
    expect(advice).toMatchObject({ value: { models: 'nano-CLIP under nano-SD', settings: { steps: nano.steps, batch: nano.micro_batch, more: { trained: nano.trained, min_timestep: nano.min_timestep } } } });
    await session.loadPictures({ bundled: 'drawings' });
    expect(await session.start({ ...settings, more: { momentum: 2 } })).toMatchObject({ ok: false, failure: { message: expect.stringContaining('momentum') as string } });
  });

  it('draws what comes with the page as seeds, and saves it', async () => {
    const session = new Session(machine);
    expect(await session.loadBenchmark({ bundled: 'mmvp-nano' })).toEqual({ ok: true, value: { name: 'MMVP-nano', pairs: 135, warnings: [] } });
    const saved = await session.saveBundled('mmvp-nano');
    expect(await session.loadBenchmark({ name: 'mmvp-nano.zip', files: [{ path: 'mmvp-nano.zip', blob: (saved as { value: Blob }).value }] })).toMatchObject({ value: { pairs: 135, warnings: [] } });
  });

  it('takes models from the hub by name, says before what that downloads, and downloads it once', async () => {
    const clip = repositoryOf('public/models/nano-clip');
    const bytes = Object.entries(clip).reduce((sum, [path, contents]) => sum + (path === 'model.safetensors' ? 0 : contents.length), 0);
    const server = await serveHub(standInHub({ 'nano/clip': clip, 'nano/sd': repositoryOf('public/models/nano-sd') }));
    const session = new Session({ ...machine, hub: { endpoint: server.endpoint, store: memoryStore() } });
    const events: EngineEvent[] = [];
    await session.subscribe((batch) => void events.push(...batch));
    expect(await session.lookUp('clip', 'https://huggingface.co/nano/clip')).toEqual({ ok: true, value: { name: 'nano/clip', files: 7, bytes, missing: bytes, licence: 'mit' } });
    expect(await session.loadClip({ hub: 'nano/clip' })).toMatchObject({ value: { name: 'clip', bytes } });
    expect(await session.lookUp('clip', 'nano/clip')).toMatchObject({ value: { missing: 0 } });
    expect(await session.loadDiffusion({ hub: 'nano/sd' })).toMatchObject({ value: { name: 'sd' } });
    await new Promise((done) => setTimeout(done, 150));
    const reported = events.flatMap((event) => (event.kind === 'download' && event.model === 'clip' ? [event.done] : []));
    expect([reported[0], reported.at(-1)]).toEqual([0, bytes]);
    expect(reported, 'whatever comes, however quickly: what follows may stall').toContain(bytes - Object.values(clip).at(-1)!.length);
    expect(await session.loadClip({ hub: 'nano/sd' })).toMatchObject({ ok: false, failure: { message: expect.stringMatching(/a diffusion model, not a CLIP model.*nano\/sd/) as string } });
    expect(await session.loadPictures({ hub: 'nano/clip' })).toMatchObject({ ok: false });
    expect(await session.hubModels()).toMatchObject({ value: [{ name: 'nano/clip', kind: 'clip', bytes, here: bytes }, { name: 'nano/sd', kind: 'diffusion' }] });
    await session.removeHubModel('nano/sd');
    expect(await session.hubModels()).toMatchObject({ value: [{ name: 'nano/clip' }] });
    const load = session.loadDiffusion({ hub: 'nano/absent' });
    await session.cancelDownload('diffusion');
    expect(await load).toMatchObject({ ok: false, failure: { message: expect.stringContaining('cancelled') as string } });
    server.close();
  });

  it('says what is missing, and goes on', async () => {
    const session = new Session(machine);
    expect(await session.start(settings)).toMatchObject({ ok: false, failure: { message: expect.stringContaining('no CLIP') } });
    expect(await session.loadClip({ name: 'notes', files: [{ path: 'notes.txt', blob: new Blob(['x']) }] })).toMatchObject({ ok: false });
    expect(await session.loadClip({ bundled: 'tiny-clip' })).toMatchObject({ ok: true });
  });

  it.each([['loadDiffusion', 'tiny-clip', 'a CLIP model, not a diffusion model', 'Eyes'], ['loadClip', 'tiny-sd', 'a diffusion model, not a CLIP model', 'Teacher'], ['loadPictures', 'tiny-sd', 'a diffusion model, not pictures', 'Teacher'], ['loadClip', 'drawings', 'pictures, not a CLIP model', 'Pictures'], ['loadBenchmark', 'tiny-clip', 'a CLIP model, not an MMVP folder', 'Eyes']] as const)('says in %s(%s) what it is and where it belongs', async (load, bundled, what, card) => {
    expect(await new Session(machine)[load]({ bundled })).toMatchObject({ ok: false, failure: { message: expect.stringMatching(`${what}\\. .* Choose it under ${card}`) as string } });
  });
});
