import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { hasShared, shared } from '../testing/shared';
import { readSafetensors, writeSafetensors } from './safetensors';

describe('writeSafetensors', () => {
  it('gives back what it was given, in bytes that do not depend on the order', () => {
    const tensors = { b: tensorFrom('float32', [2, 2], [1, 2, 3, 4]), a: tensorFrom('int64', [2], [5, -6]), empty: tensorFrom('float32', [0], []), one: tensorFrom('uint8', [], [7]) };
    const bytes = writeSafetensors(tensors, { note: 'x' });
    const read = readSafetensors(bytes, 'a.safetensors');
    expect(Object.fromEntries(read.metadata)).toEqual({ note: 'x' });
    expect([...read.tensors].map(([name, tensor]) => [name, tensor.dtype, tensor.shape, [...toNumbers(tensor)]]).sort()).toEqual([
      ['a', 'int64', [2], [5, -6]], ['b', 'float32', [2, 2], [1, 2, 3, 4]], ['empty', 'float32', [0], []], ['one', 'uint8', [], [7]],
    ]);
    expect(writeSafetensors({ one: tensors.one, empty: tensors.empty, a: tensors.a, b: tensors.b }, { note: 'x' })).toEqual(bytes);
  });

  it('keeps names that objects trip over', () => {
    const tensor = tensorFrom('float32', [1], [3]);
    const named = Object.fromEntries([['__proto__', tensor], ['constructor', tensor], ['toString', tensor]]) as Record<string, Tensor>;
    const read = readSafetensors(writeSafetensors(named, Object.fromEntries([['__proto__', 'kept']]) as Record<string, string>), 'a.safetensors');
    expect([...read.tensors.keys()].sort()).toEqual(['__proto__', 'constructor', 'toString']);
    expect([...read.metadata]).toEqual([['__proto__', 'kept']]);
    expect(({} as { dtype?: unknown }).dtype).toBeUndefined();
  });
});

interface Case { file: string; kind: string; expect: string; names?: string[]; also?: string; tensors?: string[] }
const cases = hasShared ? (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: Case[] }).files.filter(({ kind }) => kind === 'safetensors') : [];

describe.skipIf(!hasShared)('malformed safetensors', () => {
  it.each(cases)('$file: $expect', ({ file, expect: outcome, names = [], also, tensors }) => {
    const bytes = readFileSync(shared(`malformed/${file}`));
    const started = performance.now();
    let error: unknown;
    try {
      const read = readSafetensors(bytes, file.split('/')[1]!);
      if (tensors) expect([...read.tensors.keys()].sort()).toEqual([...tensors].sort());
      if (file.includes('20000')) expect(read.tensors.size).toBe(20_000);
    } catch (thrown) {
      error = thrown;
    }
    expect(performance.now() - started).toBeLessThan(2000);
    if (outcome === 'loads') expect(error).toBeUndefined();
    else if (error === undefined) expect(also).toMatch(/loads|either/);
    else {
      expect(error).toBeInstanceOf(UserError);
      const { message, what } = error as UserError;
      expect(message).toContain(file.split('/')[1]);
      // The file's name holds some of the words; they must be said, not only named.
      expect(names.some((name) => (name.length < 3 ? new RegExp(`\\b${name}\\b`, 'i').test(what) : what.toLowerCase().includes(name.toLowerCase()))), message).toBe(true);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
