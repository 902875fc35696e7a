import { expect, it } from 'vitest';
import type { Executor } from '../executors/executor';
import type { ClipModel } from '../models/clip';
import type { EngineEvent } from './api';
import type { Evaluation } from './evaluations';
import { Measuring } from './measuring';

const open = async (): Promise<Executor> => ({}) as Executor;
const model = (name: string): ClipModel => ({ name }) as ClipModel;

it('asks one model after the other, keeps answers, and goes on after a failure', async () => {
  const asked: string[] = [];
  const events: EngineEvent[] = [];
  const letters: Evaluation<number> = {
    info: { id: 'letters', title: '', what: '', unit: '', rows: '' },
    answers: async ({ name }, _, onProgress) => {
      asked.push(name);
      onProgress(1, 2);
      await Promise.resolve();
      if (name === 'broken') throw new Error('broken');
      return name.length;
    },
    result: (before, after) => ({ before, after, rows: [] }),
  };
  const measuring = new Measuring([letters as Evaluation<unknown>], (event) => events.push(event));
  const [untouched, tuned, broken] = [model('a'), model('abc'), model('broken')];
  const [alone, failed, both] = [measuring.evaluate('letters', untouched, undefined, open), measuring.evaluate('letters', untouched, broken, open), measuring.evaluate('letters', untouched, tuned, open)];
  expect(measuring.busy).toBe(true);
  await expect(failed).rejects.toThrow('broken');
  expect([await alone, await both]).toEqual([{ before: 1, rows: [] }, { before: 1, after: 3, rows: [] }]);
  expect([asked, measuring.busy]).toEqual([['a', 'broken', 'abc'], false]);
  expect(events[0]).toEqual({ kind: 'evaluation', id: 'letters', label: 'Asking the untouched model', done: 1, total: 2 });
  const [cut, never, whole] = ['new', 'newer', 'newest'].map((name) => measuring.evaluate('letters', model(name), undefined, open));
  measuring.cancel('letters');
  expect([await cut, await never, await whole, asked, measuring.busy]).toEqual([undefined, undefined, undefined, ['a', 'broken', 'abc'], false]);
  expect(await measuring.evaluate('letters', model('last'), undefined, open)).toEqual({ before: 4, rows: [] });
  expect(() => measuring.evaluate('digits', untouched, undefined, open)).toThrow(/letters/);
});
