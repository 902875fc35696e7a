import { describe, expect, it } from 'vitest';
import { gradient } from '../autodiff/gradient';
import { plan } from '../compile/plan';
import type { Graph } from '../ir/graph';
import { GraphBuilder } from '../ops/builder';
import type { ReferenceValue } from '../ops/rule';
import { randomNumbers } from '../testing/random';
import { stepValues } from '../testing/step-values';
import { recognise } from './recognise';

const none = {};
const anything = { has: (): boolean => true };
const nothing = { has: (): boolean => false };

/** How an exporter may write softmax(scale Q K) V, of n queries and m keys. */
interface Form {
  readonly n?: number;
  readonly m?: number;
  readonly scale?: 'Mul' | 'Mul first' | 'Div' | 'none';
  readonly axis?: number;
  readonly batch?: readonly number[];
  readonly valueBatch?: readonly number[];
  readonly reader?: 'weights' | 'logits' | 'y';
  readonly swapped?: boolean;
}

function written({ n = 1024, m = 1024, scale = 'Mul', axis, batch = [1, 4], valueBatch = batch, reader, swapped }: Form = {}, [d, e] = [8, 6]): Graph {
  const builder = new GraphBuilder('attention');
  const type = (...shape: number[]): { dtype: 'float64'; shape: number[] } => ({ dtype: 'float64', shape });
  const [q, k, v] = [builder.input('q', type(...batch, n, d!)), builder.input('k', type(...batch, d!, m)), builder.input('v', swapped ? type(...valueBatch, e!, n) : type(...valueBatch, m, e!))];
  const product = builder.add('MatMul', [q, k], none, { output: 'logits' });
  const factor = builder.constant(scale === 'Div' ? 2 : 0.5, 'float64');
  const logits = scale === 'none' ? product : builder.add(scale === 'Div' ? 'Div' : 'Mul', scale === 'Mul first' ? [factor, product] : [product, factor], none);
  const p = builder.add('Softmax', [logits], { axis: axis ?? builder.type(logits).shape.length - 1 }, { output: 'weights' });
  builder.add('MatMul', swapped ? [v, p] : [p, v], none, { output: 'y', node: 'last' });
  if (reader) builder.add('Exp', [reader], none, { output: 'read' });
  return builder.build(reader ? ['y', 'read'] : ['y']);
}

function attended(shapes: { batch: readonly number[]; n: number; m: number; d: number; e: number }, rows: number): Graph {
  const builder = new GraphBuilder('attention');
  const { batch, n, m, d, e } = shapes;
  const inputs = [['q', n, d], ['k', d, m], ['v', m, e]].map(([name, a, b]) => builder.input(name as string, { dtype: 'float64', shape: [...batch, a as number, b as number] }));
  builder.add('Attention', inputs, { scale: 0.5, rows }, { output: 'y' });
  return builder.build(['y']);
}

const operators = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const SIZES = [1, 2, 7, 13, 31, 257];
const next = randomNumbers(31);
const pick = (from: readonly number[]): number => from[Math.floor(next() * from.length)]!;
const sweep = Array.from({ length: 16 }, () => ({ batch: [[], [2], [1, 3]][pick([0, 1, 2])]!, n: pick(SIZES), m: pick(SIZES), d: pick([1, 3, 8]), e: pick([1, 5, 8]), rows: pick([1, 5, 64, 1000]) }));

describe('an attention of primitives', () => {
  const forms: readonly Form[] = [{}, { scale: 'Mul first' }, { scale: 'Div' }, { scale: 'none' }, { reader: 'y' }, { batch: [4] }, { n: 257, m: 5000 }, { n: 1, m: 2 ** 20 }];
  it.each(forms)('written as %j becomes Attention, where its weights are large', (form) => {
    const found = recognise(written(form), anything, nothing);
    expect(operators(found)).toEqual(['Attention', ...(form.reader ? ['Exp'] : [])]);
    expect(found.nodes[0]).toMatchObject({ name: 'last', inputs: ['q', 'k', 'v'], outputs: ['y'], attributes: { scale: form.scale === 'none' ? 1 : 0.5 } });
  });

  it('works on as many queries at once as keep its weights below 64 MiB', () => {
    expect(recognise(written({ n: 4096, m: 4096, batch: [1, 5] }), anything, nothing).nodes[0]!.attributes).toMatchObject({ rows: 819 });
  });

  const others: readonly Form[] = [{ n: 257, m: 257 }, { axis: 2 }, { reader: 'weights' }, { reader: 'logits' }, { n: 4096, batch: [], valueBatch: [4] }, { batch: [2, 4], valueBatch: [1, 4] }, { swapped: true }];
  it.each(others)('written as %j is left alone', (form) => {
    const graph = written(form);
    expect(recognise(graph, anything, nothing)).toBe(graph);
  });

  it.each(sweep)('%j: values and gradients are those of the primitives', ({ rows, ...shapes }) => {
    const [want, got] = [written(shapes, [shapes.d, shapes.e]), attended(shapes, rows)].map((graph) => stepValues(graph, ['q', 'k', 'v'], [-2, 2])) as [Map<string, ReferenceValue>, Map<string, ReferenceValue>];
    for (const [name, { data }] of want) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(got.get(name)!.data.length).toBe(data.length);
      data.forEach((value, i) => expect(Math.abs(got.get(name)!.data[i]! - value), `${name}[${i}]`).toBeLessThanOrEqual(1e-12 * largest));
    }
  });

  it('leaves no weights in memory until its backward pass', () => {
    const builder = new GraphBuilder('layers');
    let x = builder.input('x', { dtype: 'float32', shape: [4, 1024, 8] });
    for (let layer = 0; layer < 6; layer++) {
      const p = builder.add('Softmax', [builder.add('MatMul', [x, builder.add('Transpose', [x], { perm: [0, 2, 1] })], none)], { axis: 2 });
      x = builder.add('MatMul', [p, x], none);
    }
    const graph = builder.build([builder.add('Neg', [x], none, { output: 'y' })]);
    const limits = { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 10, f16: false, software: true };
    const [before, after] = [graph, recognise(graph, anything, nothing)].map((each) => plan(gradient(each, ['x'], ['y']), new Set(), limits).memory.arena / 2 ** 24);
    expect(before).toBeGreaterThan(6);
    expect(after).toBeLessThan(4);
  });
});
