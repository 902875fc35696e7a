import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import { hasShared, shared } from '../testing/shared';
import { parseSettings, parseSettingsFile, PRESETS, writtenSettings } from './settings';

interface Case { file: string; kind: string; what: string; expect: string; names?: string[]; also?: string }

const cases = hasShared ? (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: Case[] }).files.filter(({ kind }) => kind === 'run-config') : [];

function outcome(file: string): unknown {
  try {
    return parseSettingsFile(readFileSync(shared(`malformed/${file}`), 'utf8'), file);
  } catch (error) {
    return error;
  }
}

describe.skipIf(!hasShared)('run-config (shared/fixtures/malformed)', () => {
  it('are all there', () => expect(cases.length).toBe(21));

  it.each(cases)('$file: $what', ({ file, expect: expected, names = [], also }) => {
    const result = outcome(file);
    expect((Object.prototype as Record<string, unknown>)['polluted']).toBeUndefined();
    if (expected === 'loads' || (also === 'loads' && !(result instanceof Error))) {
      expect(result).toMatchObject({ recipe: 'diva', seed: expect.any(Number) });
      return;
    }
    expect(result).toBeInstanceOf(UserError);
    const { message, remedy } = result as UserError;
    expect(message).toContain(file);
    expect(remedy).not.toBe('');
    expect(names.some((name) => message.toLowerCase().includes(name.toLowerCase())), message).toBe(true);
  });
});

describe('parseSettings', () => {
  it('has defaults', () => {
    expect(parseSettings({ steps: 4600 }, 'test')).toEqual({
      recipe: 'diva', steps: 4600, seed: 1, lr: 1e-4, momentum: 0.9, warmup: 0.005, optimizer: 'sgd', clipNorm: 1, draws: 2, microBatch: 4, accumulate: 1,
      condition: undefined, patches: undefined, pool: undefined, projection: 'random', trained: 'all', distill: 0, minTimestep: 0, maxTimestep: undefined, checkpointEvery: 460,
    });
  });

  it('reads back what it wrote, in a run.json too', () => {
    const settings = parseSettings({ batch: 3, clip_norm: null, condition: 'class+random', patches: 12, warmup: 7, checkpoint_every: 2, trained: 'head', distill: 0.01, optimizer: 'adam', projection: 'text', min_timestep: 300, max_timestep: 950 }, 'test');
    expect(settings).toMatchObject({ microBatch: 3, clipNorm: undefined, patches: 12, warmup: 7, checkpointEvery: 2 });
    expect(parseSettings(writtenSettings(settings), 'test')).toEqual(settings);
    expect(parseSettings({ seebetter: '0.1.0', settings: writtenSettings(settings), executor: 'ort' }, 'run.json')).toEqual(settings);
  });

  it.each([
    [{ lr: NaN }, /lr .*NaN/], [{ lr: Infinity }, /lr/], [{ warmup: 1.5 }, /warmup/], [{ warmup: -1 }, /warmup/], [{ momentum: 1 }, /momentum/], [{ clip_norm: 0 }, /clip_norm/],
    [{ optimizer: 'lion' }, /optimizer.*sgd/], [{ distill: -1 }, /distill/], [{ condition: 'none' }, /condition/], [{ batch: 2, micro_batch: 3 }, /batch is 2 and micro_batch 3/], [{ recipe: 'control', batch: 1 }, /control/], [{ min_timestep: 9, max_timestep: 9 }, /min_timestep is 9 and max_timestep 9/],
    [{ stepz: 1 }, /stepz/], [[], /object/], [undefined, /object/], [Object.fromEntries([['__proto__', 1]]), /__proto__/], [{ seed: 2 ** 60 }, /seed/],
  ])('refuses %j', (given, complaint) => {
    expect(() => parseSettings(given, '--set')).toThrow(UserError);
    expect(() => parseSettings(given, '--set')).toThrow(complaint);
  });
});

describe('a preset', () => {
  it('stands where nothing else is given', () => {
    const { nano } = PRESETS;
    expect(parseSettings({ preset: 'nano', seed: 3 }, 'x')).toMatchObject({ steps: nano.steps, microBatch: nano.micro_batch, lr: nano.lr, seed: 3 });
    expect(parseSettings({ preset: 'nano', steps: 2, batch: 5 }, 'x')).toMatchObject({ steps: 2, microBatch: 5, lr: nano.lr });
    expect(parseSettings({ preset: 'nano', micro_batch: 6 }, 'x')).toMatchObject({ microBatch: 6 });
  });

  it('has a name that is known', () => expect(() => parseSettings({ preset: 'huge' }, 'run.json')).toThrow(UserError));
});
