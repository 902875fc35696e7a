import { expect, test } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import { tensorFrom, toNumbers } from '../ir/tensor';
import { adamwGraph, adamwInputs, adamwState, type AdamWOptions } from './adamw';

const OPTIONS = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, average: 0.99 } satisfies AdamWOptions;

/** The same by hand, in float64. */
function byHand(gradients: readonly (readonly number[])[], lrs: readonly number[], decayed: boolean) {
  const [w, m, v] = [[1, -2, 0.5, 3], [0, 0, 0, 0], [0, 0, 0, 0]];
  const ema = [...w];
  gradients.forEach((raw, step) => {
    const scale = Math.min(1, OPTIONS.clipNorm / (Math.hypot(...raw) + 1e-6));
    const keep = Math.min(OPTIONS.average, (1 + step) / (10 + step));
    raw.forEach((given, i) => {
      const g = given * scale;
      m[i] = OPTIONS.beta1 * m[i]! + (1 - OPTIONS.beta1) * g;
      v[i] = OPTIONS.beta2 * v[i]! + (1 - OPTIONS.beta2) * g * g;
      const mean = m[i]! / (1 - OPTIONS.beta1 ** (step + 1));
      const square = v[i]! / (1 - OPTIONS.beta2 ** (step + 1));
      w[i] = w[i]! * (1 - (decayed ? lrs[step]! * OPTIONS.weightDecay : 0)) - (lrs[step]! * mean) / (Math.sqrt(square) + OPTIONS.epsilon);
      ema[i] = keep * ema[i]! + (1 - keep) * w[i]!;
    });
  });
  return { w, ema };
}

test.each([[[2, 2], true], [[4], false]] as const)('makes steps of AdamW with a running average: shape %j', async (shape, decayed) => {
  const gradients = [[3, -1, 0.5, 2], [0.1, 0.2, -0.1, 0], [-1, 1, 1, -1], [0.01, 0, 0.02, 0.3]];
  const lrs = [0, 0.1, 0.05, 0.01];
  const graph = adamwGraph([{ name: 'w', shape }], OPTIONS);
  const state = adamwState({ w: tensorFrom('float32', shape, [1, -2, 0.5, 3]) });
  const program = await createNodeOrt().compile({ graphs: { update: graph }, state, weights: (ref) => (ref.kind === 'bytes' ? Promise.resolve(ref.bytes) : Promise.reject(new Error('there are no files'))) });
  const norms: number[] = [];
  for (const [step, gradient] of gradients.entries()) {
    await program.writeState({ 'sum/w': tensorFrom('float32', shape, gradient) });
    norms.push(toNumbers((await program.run('update', adamwInputs(step, lrs[step]!, OPTIONS)))['grad_norm']!)[0]!);
  }
  const got = await program.readState();
  const want = byHand(gradients, lrs, decayed);
  // float32 through four steps
  const close = (values: ArrayLike<number>, expected: readonly number[]): void => Array.from(values).forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6 * Math.max(1, Math.abs(expected[i]!))));
  close(toNumbers(got['w']!), want.w);
  close(toNumbers(got['ema/w']!), want.ema);
  close(norms, gradients.map((gradient) => Math.hypot(...gradient)));
  expect([...toNumbers(got['sum/w']!)]).toEqual([0, 0, 0, 0]);
  await program.dispose();
});
