import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import type { Model, ModelNode, Weight } from '../onnx/decode';
import { originsOf } from './parameters';

function model(weights: Readonly<Record<string, readonly number[]>>, nodes: readonly (readonly [op: string, inputs: readonly string[], output: string])[]): Model {
  const stored = Object.entries(weights).map(([name, shape]): [string, Weight] => [name, { dtype: 'float32', shape, ref: { kind: 'bytes', dtype: 'float32', bytes: new Uint8Array() } }]);
  const made = nodes.map(([op, inputs, output]): ModelNode => ({ name: output, op, domain: '', inputs, outputs: [output], attributes: new Map() }));
  return { file: 'vision_model.onnx', opset: 17, graph: { nodes: made, inputs: [], outputs: [], declared: new Map(), weights: new Map(stored) } };
}

const expected = new Map<string, readonly number[]>([['vision_model.fc1.weight', [6, 4]], ['vision_model.fc1.bias', [6]]]);
const none = new Map<string, string>();

describe('originsOf', () => {
  it('knows a folded weight by the bias that is added to its product', () => {
    const origins = originsOf(model({ val_3: [4, 6], 'vision_model.fc1.bias': [6] }, [['MatMul', ['x', 'val_3'], 'p'], ['Add', ['vision_model.fc1.bias', 'p'], 'y']]), expected, none);
    expect(origins.get('vision_model.fc1.weight')).toEqual({ initializer: 'val_3', transposed: true });
  });

  it('knows a folded weight by the module of its node', () => {
    const two = new Map([...expected, ['vision_model.fc2.weight', [6, 4]] as const]);
    const found = originsOf(model({ a: [4, 6], b: [4, 6], 'vision_model.fc1.bias': [6] }, [['MatMul', ['x', 'a'], 'p'], ['MatMul', ['x', 'b'], 'q']]), two, new Map([['p', 'vision_model.fc2'], ['q', 'vision_model.fc1']]));
    expect(found.get('vision_model.fc1.weight')?.initializer).toBe('b');
    expect(found.get('vision_model.fc2.weight')?.initializer).toBe('a');
  });

  it('follows the names that keep equal parameters apart', () => {
    const origins = originsOf(model({ 'vision_model.fc1.weight': [6, 4], 'vision_model.other.bias': [6] }, [['Identity', ['vision_model.other.bias'], 'vision_model.fc1.bias']]), expected, none);
    expect(origins.get('vision_model.fc1.bias')).toEqual({ initializer: 'vision_model.other.bias', transposed: false });
  });

  it('finds wrapped and shortened names, and the only weight of its shape under an axis of length 1', () => {
    const origins = originsOf(model({ 'fc1.weight': [6, 4], embedding: [1, 6] }, []), expected, none);
    expect([...origins.values()].map(({ initializer }) => initializer).sort()).toEqual(['embedding', 'fc1.weight']);
    expect(originsOf(model({ 'clip.vision_model.fc1.weight': [6, 4], 'clip.vision_model.fc1.bias': [6] }, []), expected, none).size).toBe(2);
  });

  it('names what it does not find, and does not guess between two', () => {
    const ambiguous = model({ a: [6], b: [6], 'fc1.weight': [6, 4] }, []);
    expect(() => originsOf(ambiguous, expected, none)).toThrow(UserError);
    expect(() => originsOf(ambiguous, expected, none)).toThrow(/vision_model\.fc1\.bias/);
  });
});
