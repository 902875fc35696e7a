import { createHash } from 'node:crypto';
import { describe as suite, expect, test } from 'vitest';
import { captionOf, describe, patternsOf, questionOf, questionsOf, statementOf } from './caption';
import { drawGroup, drawScene, maskOf } from './draw';
import { captionOfGroup, groupOf } from './group';
import { COLOURS, PATTERNS } from './kind';
import { KINDS, kindOf, labelOf } from './kinds';
import { candidates, pairOf } from './pairs';
import { Random, unit } from './random';
import { BACKGROUNDS, countOf, sceneOf, sceneOfKind, seedOf, withValue, type Scene } from './scene';

const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 16);

suite('pictures', () => {
  test('are the same bytes everywhere, whatever was drawn before', () => {
    const seeds = [0, 1, 2, 3, 4, 5, 6, 7];
    const drawn = seeds.map((seed) => sha(drawScene(sceneOf(seed)).data));
    expect(seeds.reverse().map((seed) => sha(drawScene(sceneOf(seed)).data)).reverse()).toEqual(drawn);
    expect(drawn).toMatchInlineSnapshot(`
      [
        "fef54034595b6bf7",
        "19075b9416c2393f",
        "8b6715b19ad3de8d",
        "fc341cd5f34b52bb",
        "d1fd04b9072399d3",
        "4f734b31af8f0bcb",
        "9013383c9f3da0d4",
        "85aaf6fda22bec38",
      ]
    `);
    expect(sha(drawScene(sceneOf(0), 96).data)).toMatchInlineSnapshot(`"0d28ab3a4357bc6f"`);
  });

  test('hold every kind, wholly or nearly so, and enough of it to be seen', () => {
    for (const { name } of KINDS) {
      for (let seed = 0; seed < 6; seed++) {
        const label = labelOf(name);
        const scene = sceneOfKind(name, seed);
        const pixels = maskOf(scene).data.filter((value) => value === label).length;
        expect(pixels, `${name} ${seed}: ${captionOf(scene, 'rich')}`).toBeGreaterThan(scene.attributes['Camera Perspective'] === 'seen from far away' ? 50 : 200);
      }
    }
  });

  test('turn by exact arithmetic as the library does', () => {
    for (let i = -20; i <= 20; i++) {
      const [cos, sin] = unit(i / 13);
      expect(cos).toBeCloseTo(Math.cos((2 * Math.PI * i) / 13), 12);
      expect(sin).toBeCloseTo(Math.sin((2 * Math.PI * i) / 13), 12);
    }
  });
});

suite('draws', () => {
  test('are balanced over kinds, backgrounds and values', () => {
    const scenes = Array.from({ length: 10_000 }, (_, i) => sceneOf(seedOf('train', i)));
    expectUniform(scenes.map((scene) => scene.kind), KINDS.map((kind) => kind.name));
    expectUniform(scenes.map((scene) => scene.background), Object.keys(BACKGROUNDS));
    expectUniform(scenes.map((scene) => scene.attributes.Color!), Object.keys(COLOURS));
    for (const kind of KINDS) {
      const own = scenes.filter((scene) => scene.kind === kind.name);
      for (const pattern of PATTERNS) if (kind.attributes[pattern]) expectUniform(own.map((scene) => scene.attributes[pattern]!), kind.attributes[pattern]);
    }
  });

  test('of different sets never share a seed', () => {
    expect(seedOf('train', 2 ** 30 - 1)).toBeLessThan(seedOf('validation', 0));
    expect(seedOf('test', 2 ** 30 - 1)).toBe(2 ** 32 - 1);
    expect(() => seedOf('train', 2 ** 30)).toThrow(/2\^30/);
  });

  test('of every pattern have four kinds or more', () => {
    expect(KINDS.length).toBeGreaterThanOrEqual(15);
    for (const pattern of PATTERNS) expect(KINDS.filter((kind) => kind.attributes[pattern]).length, pattern).toBeGreaterThanOrEqual(4);
  });
});

suite.each(PATTERNS)('a pair of %s', (pattern) => {
  const pairs = candidates(pattern, 60, seedOf('development', 0));

  test('differs in just that attribute', () => {
    for (const { scenes: [first, second] } of pairs) {
      expect(patternsOf(first).filter((other) => first.attributes[other] !== second.attributes[other])).toEqual([pattern]);
      expect({ ...second, attributes: first.attributes }).toEqual(first);
    }
  });

  test('differs in a good part of the picture', () => {
    const shares = pairs.map(({ scenes }) => changed(...scenes));
    expect(Math.min(...shares)).toBeGreaterThan(0.012);
    expect(shares.reduce((sum, share) => sum + share) / shares.length).toBeGreaterThan(0.06);
  });

  test('is told apart by its statements, rich captions and questions', () => {
    for (const { scenes: [first, second] } of pairs) {
      expect(statementOf(first, pattern)).not.toBe(statementOf(second, pattern));
      expect(captionOf(first, 'rich')).not.toBe(captionOf(second, 'rich'));
      const asked = [first, second].map((scene) => questionOf(scene, pattern, first.attributes[pattern]!));
      expect(asked.map(({ answer }) => answer)).toEqual(['yes', 'no']);
      if (pattern !== 'Quantity') expect(asked[0]!.question).toBe(asked[1]!.question);
    }
  });

  test('is not told apart by coarse captions', () => {
    for (const { scenes: [first, second] } of pairs) if (countOf(first) === countOf(second)) expect(captionOf(first, 'coarse')).toBe(captionOf(second, 'coarse'));
  });

  test('comes again from its seed', () => {
    expect(pairOf(pattern, pairs[7]!.seed)).toEqual(pairs[7]);
    expect(new Set(pairs.map(({ scenes }) => JSON.stringify(scenes))).size).toBe(60);
  });
});

suite('captions', () => {
  const scene: Scene = { kind: 'candle', attributes: { Color: 'orange', Spatial: 'on the left', State: 'unlit', Quantity: 'two' }, background: 'snow', nuisance: 1 };

  test('say what they are asked to, in English', () => {
    expect(captionOf(scene, 'rich')).toBe('a photo of two unlit orange candles on the left in the snow');
    expect(describe(scene, ['State'], false)).toBe('a photo of unlit candles');
    expect(describe(withValue(scene, 'Quantity', 'one'), ['State'], false)).toBe('a photo of an unlit candle');
    expect(statementOf(scene, 'Quantity')).toBe('two candles');
    expect(statementOf(withValue(scene, 'Quantity', 'one'), 'Quantity')).toBe('one candle');
  });

  test('mention attributes at the share of their level', () => {
    const words = Array.from({ length: 4000 }, (_, i) => sceneOf(i)).filter((one) => one.kind === 'fish');
    const mentions = (level: 'coarse' | 'partial'): number => words.filter((one) => patternsOf(one).some((pattern) => captionOf(one, level).includes(one.attributes[pattern]!))).length / words.length;
    expect(mentions('coarse')).toBe(0);
    expect(mentions('partial')).toBeGreaterThan(0.2);
    expect(mentions('partial')).toBeLessThan(0.4);
  });

  test('ask questions with one yes and one no for each attribute', () => {
    const questions = questionsOf(scene);
    expect(questions.map(({ answer }) => answer)).toEqual(patternsOf(scene).flatMap(() => ['yes', 'no']));
    expect(questions.map(({ question }) => question)).toEqual(expect.arrayContaining(['are there two candles?', 'are the candles unlit?', 'are the candles lit?', 'are the candles on the left?', 'are the candles orange?']));
    const ask = (kind: string, pattern: (typeof PATTERNS)[number], value: string): string => questionOf(withValue(sceneOfKind(kind, 1), pattern, value), pattern, value).question;
    expect(ask('tree', 'Presence', 'with apples')).toBe('does the tree have apples?');
    expect(ask('house', 'Presence', 'without a chimney')).toBe('does the house have no chimney?');
    expect(ask('sign', 'Text', 'that says GO')).toBe('does the sign say GO?');
    expect(ask('candle', 'Quantity', 'one')).toBe('is there one candle?');
  });
});

suite('masks', () => {
  test('cover the pixels that change with the thing, and no more', () => {
    const scene: Scene = { kind: 'sign', attributes: { Color: 'red', Spatial: 'on the left', Text: 'that says X', 'Structural Character': 'square' }, background: 'night', nuisance: 5 };
    const inside = maskOf(scene).data;
    const other = drawScene(withValue(scene, 'Color', 'blue')).data;
    const picture = drawScene(scene).data;
    for (let i = 0; i < inside.length; i++) if (inside[i] === 0 && noneNear(inside, i)) expect(other.subarray(3 * i, 3 * i + 3)).toEqual(picture.subarray(3 * i, 3 * i + 3));
    expect(new Set(inside)).toEqual(new Set([0, labelOf('sign')]));
  });

  test('tell a table from the cat on it', () => {
    expect(new Set(maskOf(sceneOfKind('cat', 3)).data)).toEqual(new Set([0, labelOf('cat'), labelOf('table')]));
  });

  test('of a group show each of its kinds', () => {
    for (let seed = 0; seed < 20; seed++) {
      const group = groupOf(seed);
      const { picture, mask } = drawGroup(group);
      expect(picture.data.length).toBe(3 * mask.data.length);
      for (const { scene } of group.things) {
        expect(mask.data.includes(labelOf(scene.kind))).toBe(true);
        expect(captionOfGroup(group)).toContain(countOf(scene) > 1 ? kindOf(scene.kind).plural : scene.kind);
      }
    }
  });
});

/** Every choice within five standard deviations of its share. */
function expectUniform(values: readonly string[], choices: readonly string[]): void {
  const share = values.length / choices.length;
  const deviation = Math.sqrt(share * (1 - 1 / choices.length));
  for (const choice of choices) expect(Math.abs(values.filter((value) => value === choice).length - share), choice).toBeLessThan(5 * deviation);
}

/** Share of the pixels whose channels differ by more than 60 levels together. */
function changed(first: Scene, second: Scene): number {
  const [a, b] = [drawScene(first).data, drawScene(second).data];
  let count = 0;
  for (let i = 0; i < a.length; i += 3) if ([0, 1, 2].reduce((sum, channel) => sum + Math.abs(a[i + channel]! - b[i + channel]!), 0) > 60) count++;
  return count / (a.length / 3);
}

/** Whether none of a pixel's eight neighbours is labelled: edges are shared between a thing and what is behind it. */
function noneNear(mask: Uint8Array, pixel: number): boolean {
  return [-65, -64, -63, -1, 1, 63, 64, 65].every((step) => !mask[pixel + step]);
}

test('streams of neighbouring seeds are unrelated', () => {
  const first = Array.from({ length: 1000 }, (_, seed) => new Random(seed).between(0, 1));
  const mean = first.reduce((sum, value) => sum + value) / 1000;
  const lag = first.slice(1).reduce((sum, value, i) => sum + (value - mean) * (first[i]! - mean), 0) / 999;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  expect(Math.abs(lag)).toBeLessThan(0.02);
});
