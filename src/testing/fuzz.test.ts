import { beforeAll, describe, expect, it } from 'vitest';
import { endingOf, fuzzCase, seeds } from './fuzz';

const CASES = 300;
const CHUNK = 50;

describe('mutated files', () => {
  let from: Awaited<ReturnType<typeof seeds>>;
  beforeAll(async () => {
    from = await seeds();
  });

  it('are sound before', async () => {
    for (const { file, kind, bytes } of from) expect(await endingOf({ name: file, kind, bytes: Uint8Array.from(bytes) }), file).toBe('result');
  });

  it('are the same for the same seed and index', () => {
    expect(fuzzCase(from, 1, 7)).toEqual(fuzzCase(from, 1, 7));
    expect(fuzzCase(from, 1, 7).bytes).not.toEqual(fuzzCase(from, 2, 7).bytes);
  });

  it.each(Array.from({ length: CASES / CHUNK }, (_, i) => i * CHUNK))('end as results or as refusals, from case %i on', async (start) => {
    for (let index = start; index < start + CHUNK; index++) {
      const ending = await endingOf(fuzzCase(from, 1, index));
      expect(ending, `seed 1, case ${index}: ${fuzzCase(from, 1, index).name}`).toBeTypeOf('string');
    }
  });
});
