import { describe, expect, it } from 'vitest';
import type { Graph } from '../ir/graph';
import { sizeOf, tensorFrom } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { stepValues } from '../testing/step-values';
import { joinScales } from './scales';

interface Form {
  readonly queries?: number;
  /** The constant stands first. */
  readonly first?: boolean;
  readonly factorShape?: readonly number[];
  /** Values that are read once more. */
  readonly reader?: string;
  readonly outputs?: readonly string[];
}

/** softmax((0.5 q) (0.75 k)^T), as torch exports scaled_dot_product_attention. */
function scores({ queries = 3, first, factorShape = [], reader, outputs = [] }: Form = {}): Graph {
  const builder = new GraphBuilder('scores');
  const q = builder.input('q', { dtype: 'float32', shape: [2, queries, 4] });
  const k = builder.input('k', { dtype: 'float32', shape: [2, 5, 4] });
  const times = (value: string, factor: number, output: string): string => {
    const constant = builder.constant(tensorFrom('float32', factorShape, Array<number>(sizeOf(factorShape)).fill(factor)));
    return builder.add('Mul', first ? [constant, value] : [value, constant], {}, { output });
  };
  const product = builder.add('MatMul', [times(q, 0.5, 'scaled q'), times(builder.add('Transpose', [k], { perm: [0, 2, 1] }), 0.75, 'scaled k')], {});
  builder.add('Softmax', [product], { axis: 2 }, { output: 'y' });
  if (reader) builder.add('Exp', [reader], {}, { output: 'read' });
  return builder.build(['y', ...(reader ? ['read'] : []), ...outputs]);
}

const nothing = { has: (): boolean => false };

describe('scales of both operands of a product', () => {
  it.each<readonly [Form, string]>([[{}, 'q'], [{ first: true }, 'q'], [{ factorShape: [1] }, 'q'], [{ queries: 7 }, 'Transpose_0']])('written as %j are joined on the smaller one, with the same values and gradients', (form, kept) => {
    const graph = scores(form);
    const found = joinScales(graph, nothing);
    expect(found.nodes.map(({ op }) => op).sort()).toEqual(['MatMul', 'Mul', 'Softmax', 'Transpose']);
    expect(found.nodes.find(({ op }) => op === 'Mul')!.inputs[0]).toBe(kept);
    expect(found.initializers.size).toBe(1);
    const got = stepValues(found, ['q', 'k'], [-0.5, 0.5]);
    for (const [name, { data }] of stepValues(graph, ['q', 'k'], [-0.5, 0.5])) got.get(name)!.data.forEach((value, i) => expect(Math.abs(value - data[i]!), `${name}[${i}]`).toBeLessThan(1e-14));
  });

  it.each<Form>([{ factorShape: [1, 1, 1] , reader: 'scaled k' }, { reader: 'scaled q' }, { outputs: ['scaled k'] }])('that differ as %j are left alone', (form) => {
    const graph = scores(form);
    expect(joinScales(graph, nothing)).toBe(graph);
  });

  it('are left alone where they are weights', () => {
    const graph = scores();
    expect(joinScales(graph, { has: () => true })).toBe(graph);
  });
});
