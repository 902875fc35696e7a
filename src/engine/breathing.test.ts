import { expect, it } from 'vitest';
import type { Executor } from '../executors/executor';
import { breathing } from './breathing';

it('lets timers in while an executor computes without a pause', async () => {
  const busily = async (): Promise<Record<string, never>> => {
    for (const end = performance.now() + 5; performance.now() < end; );
    return {};
  };
  const executor = { compile: async () => ({ run: busily }) } as unknown as Executor;
  const program = await breathing(executor).compile({ graphs: {}, weights: () => Promise.reject(new Error('none')) });
  let [runs, heard] = [0, false];
  setTimeout(() => (heard = true));
  for (; !heard && runs < 200; runs++) await program.run('', {});
  expect(runs).toBeLessThan(50);
});
