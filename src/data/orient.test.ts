import { describe, expect, it } from 'vitest';
import { orient } from './orient';

/** 3 x 2 pixels, grey levels 1 2 3 / 4 5 6. */
const picture = { width: 3, height: 2, data: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((level) => [level, level, level])) };

describe('orient', () => {
  it.each([
    [1, 3, [1, 2, 3, 4, 5, 6]],
    [2, 3, [3, 2, 1, 6, 5, 4]],
    [3, 3, [6, 5, 4, 3, 2, 1]],
    [4, 3, [4, 5, 6, 1, 2, 3]],
    [5, 2, [1, 4, 2, 5, 3, 6]],
    [6, 2, [4, 1, 5, 2, 6, 3]],
    [7, 2, [6, 3, 5, 2, 4, 1]],
    [8, 2, [3, 6, 2, 5, 1, 4]],
  ])('%i', (orientation, width, levels) => {
    const turned = orient(picture, orientation);
    expect([turned.width, turned.height]).toEqual([width, 6 / width]);
    expect(Array.from(turned.data.filter((_, i) => i % 3 === 0))).toEqual(levels);
  });
});
