import { describe, expect, it } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import type { Program } from '../executors/executor';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import type { LossGraph } from '../recipes/diva';
import { learningRate, warmupSteps } from './schedule';
import { accumulateGraph, initialState, momentumOf, sgdGraph, type SgdOptions } from './step';

/** loss = mean over i of (w_i x_i - 1)^2; u takes no part. */
function toyLoss(): LossGraph {
  const builder = new GraphBuilder('loss');
  const type = { dtype: 'float32', shape: [2] } as const;
  const [x, w] = [builder.input('x', type), builder.input('w', type)];
  builder.input('u', type);
  const error = builder.add('Sub', [builder.add('Mul', [w, x], {}), builder.constant(1)], {});
  const loss = builder.add('ReduceMean', [builder.add('Mul', [error, error], {})], { axes: [0], keepdims: false }, { output: 'loss' });
  return { graph: builder.build([loss]), parameters: ['w', 'u'] };
}

const vector = (...values: number[]): Tensor => tensorFrom('float32', [2], values);

interface Options extends SgdOptions { readonly parts: number }

async function program(options: Options): Promise<Program> {
  const [accumulate, update] = [accumulateGraph(toyLoss(), options.parts), sgdGraph(toyLoss(), options)];
  const state = initialState({ w: vector(2, -1), u: vector(1, 1) }, (name) => [momentumOf(name)]);
  return createNodeOrt().compile({ graphs: { accumulate, update }, state, weights: async (ref) => (ref.kind === 'bytes' ? ref.bytes : Promise.reject(new Error('there are no files'))) });
}

/** The same by hand: gradient of a part is (w x - 1) x, as the mean is over two. */
function byHand(inputs: readonly (readonly number[])[], { momentum, clipNorm }: SgdOptions, lrs: readonly number[]) {
  const [w, buffer] = [[2, -1], [0, 0]];
  const norms: number[] = [];
  for (const lr of lrs) {
    const sum = [0, 1].map((i) => inputs.reduce((total, x) => total + (w[i]! * x[i]! - 1) * x[i]!, 0) / inputs.length);
    const norm = Math.hypot(...sum);
    norms.push(norm);
    const scale = clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    for (const i of [0, 1]) {
      buffer[i] = momentum * buffer[i]! + sum[i]! * scale;
      w[i]! -= lr * buffer[i]!;
    }
  }
  return { w, buffer, norms };
}

describe('a step', () => {
  const inputs = [[1, 2], [-1, 0.5], [0.25, 3]];
  const lrs = [0, 0.1, 0.05, 0.02];
  it.each([[undefined], [1], [1e9]])('averages the parts and makes steps of SGD with momentum, clipped at %s', async (clipNorm) => {
    const options = { parts: 3, momentum: 0.9, clipNorm };
    const run = await program(options);
    const norms: number[] = [];
    for (const lr of lrs) {
      for (const x of inputs) await run.run('accumulate', { x: vector(...x) });
      norms.push(toNumbers((await run.run('update', { lr: tensorFrom('float32', [], [lr]) }))['grad_norm']!)[0]!);
    }
    const want = byHand(inputs, options, lrs);
    const state = await run.readState();
    // float32 through four steps
    const close = (got: ArrayLike<number>, expected: readonly number[]) => Array.from(got).forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6 * Math.max(1, Math.abs(expected[i]!))));
    close(norms, want.norms);
    close(toNumbers(state['w']!), want.w);
    close(toNumbers(state['momentum/w']!), want.buffer);
    expect([...toNumbers(state['sum/w']!)]).toEqual([0, 0]);
    expect([...toNumbers(state['u']!)]).toEqual([1, 1]);
    await run.dispose();
  });
});

describe('learningRate', () => {
  it('is that of Hugging Face', () => {
    const at = (steps: number, warmup: number) => Array.from({ length: steps }, (_, s) => learningRate(s, { lr: 0.01, warmup, steps }));
    // diva-step: warm-up 1 of 6
    [0, 0.01, 0.00904508, 0.00654508, 0.00345492, 0.00095492].forEach((want, s) => expect(at(6, 1)[s]).toBeCloseTo(want, 8));
    expect(at(4, 2)).toEqual([0, 0.005, 0.01, 0.005]);
    expect(at(1, 0)).toEqual([0.01]);
  });

  it('takes a ratio below 1, rounded up', () => {
    expect(warmupSteps(0.005, 4600)).toBe(23);
    expect(warmupSteps(0.005, 20)).toBe(1);
    expect(warmupSteps(3, 20)).toBe(3);
    expect(warmupSteps(0, 20)).toBe(0);
  });
});
