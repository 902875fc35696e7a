import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { TINY_MODELS } from '../testing/tiny-models';
import { decodeModel } from './decode';

function changed(change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, TINY_MODELS['external']!());
  change(model);
  return toBinary(ModelProtoSchema, model);
}

describe('decodeModel', () => {
  it('reads a model with its weights left in place', () => {
    const { graph } = decodeModel(changed(() => undefined), 'a.onnx');
    expect(graph.weights.get('w')).toEqual({ dtype: 'float32', shape: [4, 4], ref: { kind: 'file', dtype: 'float32', location: 'weights.bin', offset: 0, length: 64 } });
  });

  it.each<[string, (model: ModelProto) => void]>([
    ['input', ({ graph }) => void (graph!.input[0]!.name = '')],
    ['initializer', ({ graph }) => void (graph!.initializer[0]!.name = '')],
    ['output', ({ graph }) => void (graph!.output[0]!.name = '')],
  ])('refuses an %s without a name', (_, change) => {
    expect(() => decodeModel(changed(change), 'a.onnx')).toThrow(/has no name\. a\.onnx/);
  });
});
