import { expect, it } from 'vitest';
import { axisEnd } from './columns';

it('grows the step axis in calm jumps up to the end of the run', () => {
  expect([0, 5, 10, 11, 21, 60, 101].map((done) => axisEnd(done, 1000))).toEqual([10, 10, 10, 20, 50, 100, 200]);
  expect([axisEnd(3, 4), axisEnd(25, 40), axisEnd(1, 1), axisEnd(0, 0)]).toEqual([4, 40, 2, 10]);
});
