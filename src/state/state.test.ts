import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../engine/api';
import { applyEvent, idleRun, isBusy } from './run';
import { appendStep, emptySeries } from './series';
import { settingsFromQuery, settingsToQuery } from './settings';

const step = (n: number, loss: number): Extract<EngineEvent, { kind: 'step' }> =>
  ({ kind: 'step', step: n, loss, lr: 1e-4, gradNorm: 1, seconds: 2, imagesPerSecond: 3 });

describe('applyEvent', () => {
  it('goes through a run', () => {
    const events: EngineEvent[] = [
      { kind: 'phase', phase: 'compiling', label: 'Building the step', done: 1, total: 3 },
      { kind: 'started', steps: 2, executor: 'wasm', adapter: 'cpu', memoryBytes: 10 },
      { kind: 'phase', phase: 'training', label: 'Training' },
      step(1, 0.5), step(2, 0.4),
      { kind: 'phase', phase: 'done', label: 'Done' },
    ];
    const end = events.reduce(applyEvent, idleRun);
    expect(end).toMatchObject({ phase: 'done', step: 2, loss: 0.4, secondsPerStep: 2, executor: 'wasm', progress: undefined });
  });

  it('keeps a failure as data and ends the run', () => {
    const end = applyEvent(idleRun, { kind: 'failed', failure: { message: 'no', details: 'why' } });
    expect(end).toMatchObject({ phase: 'failed', failure: { message: 'no' } });
    expect(isBusy(end.phase)).toBe(false);
  });
});

it('averages the loss from its first value', () => {
  const series = emptySeries();
  appendStep(series, step(1, 1));
  appendStep(series, step(2, 2.5));
  expect(series.average).toEqual([1, 2]);
});

describe('settings in the address', () => {
  it('reads what is sensible and says what is not', () => {
    const { settings, problems } = settingsFromQuery('?steps=20&lr=1e-3&seed=-1&executor=tpu&recipe=control&other=1');
    expect(settings).toEqual({ steps: 20, lr: 1e-3, recipe: 'control' });
    expect(problems).toHaveLength(2);
  });

  it('comes back the same', () => {
    const settings = { steps: 7, executor: 'wasm' as const };
    expect(settingsFromQuery(settingsToQuery(settings)).settings).toEqual(settings);
    expect(settingsToQuery({})).toBe('');
    const more = { trained: 'head', patches: 0, clip_norm: null };
    expect(settingsToQuery({ steps: 7, more })).toBe('?steps=7&set.trained=head&set.patches=0&set.clip_norm=null');
    expect(settingsFromQuery(settingsToQuery({ more })).settings).toEqual({ more });
  });
});
