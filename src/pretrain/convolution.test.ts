import { expect, test } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import { sizeOf, tensorFrom, toNumbers } from '../ir/tensor';
import type { Convolution } from '../ir/ops';
import { GraphBuilder } from '../ops/builder';
import { gradientsByTap } from './convolution';
import { inlineBytes } from '../train/network';

const plain: Convolution = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };

test.each([
  ['padded', [2, 3, 5, 4], [2, 4, 5, 4], [3, 3], plain],
  ['of stride 2, its rim unread', [2, 3, 6, 6], [2, 4, 3, 3], [3, 3], { ...plain, strides: [2, 2] }],
  ['without overlap', [1, 2, 8, 8], [1, 3, 2, 2], [4, 4], { ...plain, strides: [4, 4], pads: [0, 0, 0, 0] }],
  ['of one tap', [2, 3, 4, 4], [2, 5, 4, 4], [1, 1], { ...plain, pads: [0, 0, 0, 0] }],
  ['dilated', [1, 2, 7, 6], [1, 2, 5, 4], [3, 3], { ...plain, dilations: [2, 2] }],
] as const)('the gradient of a convolution %s', async (_, x, y, kernel, attributes) => {
  const builder = new GraphBuilder('gradient');
  const inputs = [builder.input('dy', { dtype: 'float32', shape: y }), builder.input('x', { dtype: 'float32', shape: x })];
  const graph = builder.build([builder.add('ConvWeightGrad', inputs, { ...attributes, kernel }, { output: 'dw' })]);
  const byTap = gradientsByTap(graph);
  expect(byTap.nodes.some(({ op }) => op === 'ConvWeightGrad')).toBe(false);
  const program = await createNodeOrt(1).compile({ graphs: { graph, byTap }, weights: inlineBytes });
  const feeds = Object.fromEntries(([['dy', y], ['x', x]] as const).map(([name, shape]) => [name, tensorFrom('float32', shape, Array.from({ length: sizeOf(shape) }, (_unused, i) => Math.sin(i * 1.3 + name.length)))]));
  const [want, got] = [toNumbers((await program.run('graph', feeds))['dw']!), toNumbers((await program.run('byTap', feeds))['dw']!)];
  // float32 sums of at most 40 products below 1
  got.forEach((value, i) => expect(Math.abs(value - want[i]!)).toBeLessThan(1e-5));
  await program.dispose();
});
