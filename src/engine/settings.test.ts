import { expect, it } from 'vitest';
import type { Settings } from './api';
import { usableSettings } from './settings';

const usual: Settings = { recipe: 'diva', steps: 40, lr: 1e-4, draws: 1, batch: 4, accumulate: 1, seed: 1, executor: 'auto', evaluateEvery: 0, more: {} };
const refused = (own: Partial<Settings>, over = usual): unknown[] => usableSettings(own, over).refused.map(({ name, why }) => `${name}: ${why}`);

it('keeps the settings that can be used, and says of the others why not', () => {
  const own: Partial<Settings> = { steps: 7, executor: 'wasm', more: { momentum: 'banana', trained: 'last', moment: 1, steps: 9 } };
  expect(usableSettings(own, usual).settings).toEqual({ steps: 7, executor: 'wasm', more: { trained: 'last' } });
  expect(refused(own)).toEqual([expect.stringContaining('momentum: momentum is "banana"'), 'moment: moment is not a known key', expect.stringContaining('steps: it is none')]);
  expect(usableSettings({ evaluateEvery: 5, lr: 1e-3 }, usual)).toEqual({ settings: { evaluateEvery: 5, lr: 1e-3 }, refused: [] });
});

it('judges settings together, over those that stand', () => {
  const nano = { ...usual, more: { min_timestep: 150, max_timestep: 750 } };
  expect(refused({ more: { min_timestep: 800, max_timestep: 900 } }, nano)).toEqual([]);
  expect(refused({ more: { min_timestep: 800 } }, nano)).toEqual([expect.stringContaining('min_timestep is 800 and max_timestep 750')]);
  expect(usableSettings({ recipe: 'control', batch: 1, steps: 3 }, usual)).toMatchObject({ settings: { recipe: 'control', steps: 3 }, refused: [{ name: 'batch' }] });
});
