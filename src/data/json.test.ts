import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { UserError } from '../ir/errors';
import { parseJson } from './json';

const config = z.strictObject({ size: z.union([z.number(), z.strictObject({ height: z.number().positive() })]), name: z.string().optional() });
const read = (text: string) => parseJson(text, 'config.json', config);

describe('parseJson', () => {
  it('reads what fits, with or without a byte order mark', () => {
    expect(read('{"size": 3}')).toEqual({ size: 3 });
    expect(read('\uFEFF{"size": {"height": 3}}')).toEqual({ size: { height: 3 } });
  });

  it.each([
    ['', /empty.*config\.json/],
    ['<!doctype html><p>404', /web page.*JSON/],
    ['{"size": 3', /not valid JSON/],
    ['{"size": NaN}', /not valid JSON/],
    ['[1, 2]', /The whole file is an array of 2.*expected object/],
    ['{"name": "a"}', /size is missing/],
    ['{"size": {"height": -2}}', /size\.height is -2.*expected number to be >0/],
    ['{"size": {"height": "big"}}', /size\.height is "big".*expected number/],
    ['{"size": 3, "sise": 4}', /sise is not a known key/],
    ['{"size": 3, "__proto__": {"polluted": 1}, "constructor": 2}', /__proto__, constructor are not known keys/],
    ['['.repeat(200_000), /not valid JSON/],
    ['['.repeat(200_000) + ']'.repeat(200_000), /an array of 1/],
    [`{"size": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`, /size is an array of 1/],
  ])('refuses %.40s in one paragraph', (text, message) => {
    let error: unknown;
    try {
      read(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/config\.json/);
    expect((error as Error).message.length).toBeLessThan(400);
  });

  it('keeps prototypes clean', () => {
    const loose = parseJson('{"__proto__": {"polluted": 1}, "a": {"__proto__": {"polluted": 1}}}', 'a.json', z.looseObject({ a: z.looseObject({}) }));
    expect((loose as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
