import { expect, it } from 'vitest';
import { ReferenceExecutor } from '../executors/reference';
import { tensorFrom, toNumbers } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { appendDistillation, LOGIT_SCALE } from './distillation';

const captions = [[0.6, 0.8, 0, 0], [0, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]];
const tokens = [[1, 2, -1, 0.5], [3, -0.1, 0.2, 0]];

const cosines = (rows: readonly (readonly number[])[]): number[][] => rows.map((z) => captions.map((caption) => caption.reduce((sum, value, d) => sum + value * z[d]!, 0) / Math.hypot(...z)));
const logSoftmax = (row: readonly number[]): number[] => row.map((value) => value - Math.log(row.reduce((sum, other) => sum + Math.exp(other), 0)));

async function divergence(told: readonly (readonly number[])[]): Promise<number> {
  const builder = new GraphBuilder('distillation');
  const loss = appendDistillation(builder, builder.input('z', { dtype: 'float32', shape: [2, 1, 4] }), { weight: 3, captions: 3 });
  const program = await new ReferenceExecutor().compile({ graphs: { loss: builder.build([loss]) }, weights: (ref) => (ref.kind === 'bytes' ? Promise.resolve(ref.bytes) : Promise.reject(new Error('there are no files'))) });
  const feeds = { z: tensorFrom('float32', [2, 1, 4], tokens.flat()), captions: tensorFrom('float32', [3, 4], captions.flat()), told: tensorFrom('float32', [2, 3], told.flat()) };
  return toNumbers((await program.run('loss', feeds))[loss]!)[0]!;
}

it('is the divergence of what is said from what was told, and nothing for the same model', async () => {
  const own = cosines(tokens).map((row) => row.map((cosine) => LOGIT_SCALE * cosine));
  // Rounding of logits of up to 100 to float32.
  expect(Math.abs(await divergence(own))).toBeLessThan(3 * 100 * 2 ** -23);
  const told = [[1, 2, 3], [0, 0, -1]];
  const want = told.map((row, b) => logSoftmax(row).reduce((sum, log, k) => sum + Math.exp(log) * (log - logSoftmax(own[b]!)[k]!), 0));
  expect(await divergence(told)).toBeCloseTo((3 * (want[0]! + want[1]!)) / 2, 4);
});
