import { describe, expect, it } from 'vitest';
import { evaluate } from '../executors/reference';
import type { Graph } from '../ir/graph';
import { GraphBuilder } from '../ops/builder';
import { appendGraph } from './compose';
import { parametersAsInputs } from './parameters';
import { prune } from './prune';

const VECTOR = { dtype: 'float32', shape: [2] } as const;

/** y = w x, with w in a file */
function scale(): Graph {
  const builder = new GraphBuilder('scale');
  const x = builder.input('x', VECTOR);
  const w = builder.initializer('w', VECTOR, { kind: 'file', dtype: 'float32', location: 'model.onnx_data', offset: 0, length: 8 });
  return builder.build([builder.add('Mul', [w, x], {}, { output: 'y', node: 'scale' })]);
}

const vector = (...values: number[]) => ({ ...VECTOR, data: Float64Array.from(values) });

describe('appendGraph', () => {
  it('appends a graph twice under two prefixes, the second fed by the first', () => {
    const builder = new GraphBuilder('twice');
    const x = builder.input('x', VECTOR);
    const once = appendGraph(builder, scale(), 'a/', { x }).get('y')!;
    const graph = builder.build([appendGraph(builder, scale(), 'b/', { x: once }).get('y')!]);
    expect(graph.outputs).toEqual(['b/y']);
    expect(graph.nodes.map(({ name, inputs }) => [name, inputs])).toEqual([['a/scale', ['a/w', 'x']], ['b/scale', ['b/w', 'a/y']]]);
    expect(graph.initializers.get('b/w')).toMatchObject({ location: 'b/model.onnx_data' });
    expect([...evaluate(graph, new Map([['x', vector(1, 2)], ['a/w', vector(3, 4)], ['b/w', vector(5, 6)]])).get('b/y')!.data]).toEqual([15, 48]);
  });

  it('returns the bound value for an output that is an input', () => {
    const inner = new GraphBuilder('identity');
    const graph = inner.build([inner.input('x', VECTOR)]);
    const builder = new GraphBuilder('outer');
    expect(appendGraph(builder, graph, 'a/', { x: builder.input('v', VECTOR) }).get('x')).toBe('v');
  });

  it('refuses a missing or differing binding', () => {
    const builder = new GraphBuilder('outer');
    expect(() => appendGraph(builder, scale(), '', {})).toThrow('nothing is bound to the input x');
    expect(() => appendGraph(builder, scale(), '', { x: builder.input('v', { dtype: 'float32', shape: [3] }) })).toThrow('float32[2], but v is float32[3]');
  });
});

describe('parametersAsInputs', () => {
  it('turns initializers into inputs', () => {
    const graph = parametersAsInputs(scale(), ['w']);
    expect(graph.inputs).toEqual(['x', 'w']);
    expect(graph.initializers.size).toBe(0);
    expect(graph.types.get('w')).toEqual(VECTOR);
  });

  it('refuses a name that is none', () => expect(() => parametersAsInputs(scale(), ['v'])).toThrow('no initializer v'));
});

describe('prune', () => {
  it('drops what no output depends on, and keeps inputs', () => {
    const builder = new GraphBuilder('wasteful', scale());
    builder.add('Exp', ['x'], {}, { output: 'unused' });
    builder.constant(3);
    const pruned = prune(builder.build(['y']));
    expect(pruned.nodes.map(({ name }) => name)).toEqual(['scale']);
    expect([...pruned.initializers.keys()]).toEqual(['w']);
    expect([...pruned.types.keys()].sort()).toEqual(['w', 'x', 'y']);
  });
});
