import { describe, expect, it } from 'vitest';
import { print, verify, type Graph, type Node } from './graph';
import { UserError } from './errors';
import type { TensorType } from './tensor';

const type: TensorType = { dtype: 'float32', shape: [2] };
const relu = (name: string, from: string, to: string): Node => ({ name, op: 'Relu', inputs: [from], outputs: [to], attributes: {} });

function graph(nodes: Node[], outputs = ['y']): Graph {
  return { name: 'g', inputs: ['x'], outputs, nodes, initializers: new Map(), types: new Map(['x', 'h', 'y'].map((value) => [value, type])) };
}

describe('verify', () => {
  it('accepts nodes in topological order', () => {
    const sound = graph([relu('a', 'x', 'h'), relu('b', 'h', 'y')]);
    expect(verify(sound)).toBe(sound);
  });

  it.each([
    ['a value read before it is made', graph([relu('b', 'h', 'y'), relu('a', 'x', 'h')]), /reads h before/],
    ['a value made twice', graph([relu('a', 'x', 'y'), relu('b', 'x', 'y')]), /y is made twice/],
    ['two nodes of one name', graph([relu('a', 'x', 'h'), relu('a', 'h', 'y')]), /two nodes are named a/],
    ['a missing output', graph([], ['y']), /nothing makes the output y/],
    ['a value without a type', graph([relu('a', 'x', 'z')], ['z']), /z has no type/],
  ])('refuses %s', (_, broken, message) => {
    expect(() => verify(broken)).toThrow(message);
  });
});

it('prints a line a node', () => {
  expect(print(graph([relu('a', 'x', 'y')]))).toBe('graph g(x: float32[2])\n  y: float32[2] = Relu(x) {}\n  return y');
});

it('words errors as one paragraph of what, where and remedy', () => {
  const error = new UserError('The header is cut off', 'byte 8', 'Download the file again').within('model.safetensors');
  expect(error.message).toBe('The header is cut off. model.safetensors, byte 8. Download the file again.');
});
