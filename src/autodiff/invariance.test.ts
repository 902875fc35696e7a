import { describe, expect, it } from 'vitest';
import type { Graph } from '../ir/graph';
import { GraphBuilder } from '../ops/builder';
import { gradient } from './gradient';
import { unseenBySoftmax } from './invariance';

/** Attention over 2 x 5 tokens in 2 heads of 3; a bias on queries and on keys. `shape` is the key bias's. */
function attention(shape: readonly number[], axis = 3, merged = false): Graph {
  const builder = new GraphBuilder('attention');
  const x = builder.input('x', { dtype: 'float32', shape: [2, 5, 6] });
  const biases = [builder.input('bq', { dtype: 'float32', shape: [6] }), builder.input('bk', { dtype: 'float32', shape })];
  const [q, k] = biases.map((bias) => builder.add('Transpose', [builder.add('Reshape', [builder.add('Add', [x, bias], {})], { shape: [2, 5, 2, 3] })], { perm: [0, 2, 1, 3] }));
  // Exporters that merge batch and heads before they transpose.
  const flat = merged ? builder.add('Reshape', [builder.add('Transpose', [builder.add('Reshape', [k!], { shape: [4, 5, 3] })], { perm: [0, 2, 1] })], { shape: [2, 2, 3, 5] }) : builder.add('Transpose', [k!], { perm: [0, 1, 3, 2] });
  const logits = builder.add('Mul', [builder.add('MatMul', [q!, flat], {}), builder.constant(0.5)], {});
  builder.add('Softmax', [logits], { axis }, { output: 'y' });
  return builder.build(['y']);
}

const biases = (graph: Graph): string[] => [...unseenBySoftmax(graph, new Set(graph.outputs))].map(([node, operand]) => node.inputs[operand]!);

describe('what softmax does not see', () => {
  it.each([false, true])('is the bias of the keys, through heads and transposes (merged: %s)', (merged) => {
    expect(biases(attention([6], 3, merged))).toEqual(['bk']);
    const nodes = gradient(attention([6], 3, merged), ['bq', 'bk'], ['y']).nodes;
    expect(nodes.find(({ outputs }) => outputs[0] === 'grad/bk')).toMatchObject({ op: 'Expand' });
    expect(nodes.filter(({ op }) => op === 'ReduceSum').length).toBe(1);
  });

  it('is the bias of the keys in an attention that is one function', () => {
    const builder = new GraphBuilder('attention');
    const x = builder.input('x', { dtype: 'float32', shape: [2, 5, 6] });
    const [q, k] = ['bq', 'bk'].map((name) => builder.add('Add', [x, builder.input(name, { dtype: 'float32', shape: [6] })], {}));
    builder.add('Attention', [q!, builder.add('Transpose', [k!], { perm: [0, 2, 1] }), x], { scale: 0.5, rows: 3 }, { output: 'y' });
    expect(biases(builder.build(['y']))).toEqual(['bk']);
  });

  it('is not what differs between tokens', () => expect(biases(attention([5, 6]))).toEqual([]));

  it('is not what is constant along another axis than that of the softmax', () => expect(biases(attention([6], 2))).toEqual([]));

  it('is not what something else reads', () => {
    const graph = attention([6]);
    const add = graph.nodes.filter(({ op }) => op === 'Add')[1]!;
    expect([...unseenBySoftmax(graph, new Set(['y', add.outputs[0]!]))]).toEqual([]);
  });
});
