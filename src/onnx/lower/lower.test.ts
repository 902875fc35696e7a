import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType, AttributeProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema, type AttributeProto,
} from 'onnx-buf';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gradient } from '../../autodiff/gradient';
import { ReferenceExecutor } from '../../executors/reference';
import { UserError } from '../../ir/errors';
import type { Graph } from '../../ir/graph';
import { sizeOf, tensorFrom, toNumbers, type Tensor } from '../../ir/tensor';
import { embedded } from '../../testing/conformance';
import { randomNumbers } from '../../testing/random';
import { decodeModel } from '../decode';
import { specialise } from '../import';

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** Integral numbers are INT attributes; those named here are FLOAT all the same. */
const FLOATS: ReadonlySet<string> = new Set(['bias', 'lambd', 'alpha']);

function attribute(name: string, value: number | string | readonly number[]): AttributeProto {
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if (typeof value !== 'number') return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  return Number.isInteger(value) && !FLOATS.has(name) ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) }) : create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
}

/** A model of one node over float32 inputs x0, x1, ... */
function model(op: string, opset: number, shapes: readonly (readonly number[])[], attributes: Attributes): Uint8Array {
  const value = (name: string, shape?: readonly number[]) => {
    const dims = shape && { shape: create(TensorShapeProtoSchema, { dim: shape.map((dim) => create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(dim) } })) }) };
    return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: 1, ...dims }) } }) });
  };
  const node = create(NodeProtoSchema, { name: 'node', opType: op, input: shapes.map((_, i) => `x${i}`), output: ['y'], attribute: Object.entries(attributes).map(([name, given]) => attribute(name, given)) });
  const graph = create(GraphProtoSchema, { name: 'g', node: [node], input: shapes.map((shape, i) => value(`x${i}`, shape)), output: [value('y')] });
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 9n, opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })], graph }));
}

/** Operators, or forms of them, that ONNX's node tests in the fixtures do not hold: ONNX Runtime's own kernels are the definition. */
interface Sample {
  readonly op: string;
  readonly opset: number;
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: Attributes;
  /** Operands lie in -range ... range; 2 if not given. */
  readonly range?: number;
}

/** Forms from before operator set 7 and the same in today's, with B's shape (or the slopes') as NumPy wants it. */
const LEGACY: readonly { op: string; opset?: number; shapes: readonly [number[], number[]]; attributes: Attributes; today: number[] }[] = [
  { op: 'Add', shapes: [[2, 3, 4, 5], [3, 4]], attributes: { broadcast: 1, axis: 1 }, today: [3, 4, 1] },
  { op: 'Sub', shapes: [[2, 3, 4, 5], [2]], attributes: { broadcast: 1, axis: 0 }, today: [2, 1, 1, 1] },
  { op: 'Mul', shapes: [[2, 3, 4, 5], [4, 5]], attributes: { broadcast: 1 }, today: [4, 5] },
  { op: 'Div', shapes: [[2, 3, 4, 5], [5]], attributes: { broadcast: 1, axis: -1 }, today: [5] },
  { op: 'Pow', opset: 1, shapes: [[2, 3], [1, 1]], attributes: { broadcast: 1, axis: 0 }, today: [1, 1] },
  { op: 'Add', opset: 1, shapes: [[2, 3], [2, 3]], attributes: { consumed_inputs: [0, 0] }, today: [2, 3] },
  { op: 'PRelu', shapes: [[2, 3, 4, 5], [3]], attributes: {}, today: [3, 1, 1] },
];

const CASES: readonly Sample[] = [
  { op: 'Tan', opset: 20, shapes: [[7]], attributes: {}, range: 1 },
  { op: 'Sinh', opset: 20, shapes: [[7]], attributes: {} },
  { op: 'Cosh', opset: 20, shapes: [[7]], attributes: {} },
  { op: 'Atanh', opset: 20, shapes: [[7]], attributes: {}, range: 0.9 },
  { op: 'Shrink', opset: 20, shapes: [[3, 5]], attributes: { lambd: 0.5, bias: 0.25 } },
  { op: 'Hardmax', opset: 20, shapes: [[3, 5]], attributes: { axis: 0 } },
  { op: 'LpPool', opset: 18, shapes: [[1, 2, 7, 6]], attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1], p: 3 } },
  { op: 'LpPool', opset: 18, shapes: [[1, 2, 9]], attributes: { kernel_shape: [3], p: 1 } },
  { op: 'GlobalLpPool', opset: 7, shapes: [[2, 3, 4, 5]], attributes: { p: 2 } },
  { op: 'MaxPool', opset: 12, shapes: [[1, 2, 9, 7]], attributes: { kernel_shape: [3, 2], strides: [2, 1], dilations: [2, 3], pads: [1, 1, 0, 1], ceil_mode: 1 } },
  { op: 'AveragePool', opset: 19, shapes: [[1, 2, 5, 6, 4]], attributes: { kernel_shape: [2, 3, 2], strides: [2, 1, 2], pads: [0, 1, 1, 1, 0, 0], count_include_pad: 1 } },
  { op: 'AveragePool', opset: 11, shapes: [[1, 1, 8]], attributes: { kernel_shape: [3], strides: [2], auto_pad: 'SAME_LOWER' } },
  ...['nearest', 'linear', 'cubic'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [0, 1].map((align_corners): Sample => ({ op: 'GridSample', opset: 20, shapes: [[2, 3, 5, 4], [2, 3, 7, 2]], attributes: { mode, padding_mode, align_corners }, range: 1.6 })),
    ),
  ),
  { op: 'GridSample', opset: 16, shapes: [[1, 2, 6, 5], [1, 4, 3, 2]], attributes: { mode: 'bicubic' } },
  { op: 'GridSample', opset: 20, shapes: [[1, 2, 3, 4, 5], [1, 2, 2, 3, 3]], attributes: { mode: 'linear' } },
];

async function onReference(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const program = await new ReferenceExecutor().compile({ graphs: { g: graph }, weights: embedded });
  return program.run('g', inputs);
}

describe('lowered operators against ONNX Runtime’s own', () => {
  it.each(CASES)('$op $attributes', async ({ op, opset, shapes, attributes, range = 2 }) => {
    const bytes = model(op, opset, shapes, attributes);
    const next = randomNumbers(3);
    const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, tensorFrom('float32', shape, Array.from({ length: sizeOf(shape) }, () => range * (2 * next() - 1)))]));
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const { y } = await session.run(Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, new OrtTensor('float32', data as Float32Array, shape)])));
    const graph = specialise(decodeModel(bytes, op));
    const got = (await onReference(graph, inputs))['y']!;
    expect(got.shape).toEqual(y!.dims);
    toNumbers(got).forEach((value, i) => expect(Math.abs(value - Number(y!.data[i])), `[${i}]`).toBeLessThan(2e-5 * Math.max(1, Math.abs(value))));
  });

  it.each(LEGACY)('$op $shapes $attributes of old is as today', async ({ op, opset = 6, shapes, attributes, today }) => {
    const next = randomNumbers(7);
    const [a, b] = shapes.map((shape) => tensorFrom('float32', shape, Array.from({ length: sizeOf(shape) }, () => 0.5 + next()))) as [Tensor, Tensor];
    const old = await onReference(specialise(decodeModel(model(op, opset, shapes, attributes), op)), { x0: a, x1: b });
    const bytes = model(op, 13, [shapes[0], today], {});
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const { y } = await session.run({ x0: new OrtTensor('float32', a.data as Float32Array, a.shape), x1: new OrtTensor('float32', b.data as Float32Array, today) });
    toNumbers(old['y']!).forEach((value, i) => expect(Math.abs(value - Number(y!.data[i]))).toBeLessThan(1e-6 * Math.max(1, Math.abs(value))));
  });

  it.each([[{}, [5]], [{ broadcast: 1, axis: 1 }, [4]], [{ broadcast: 1, axis: 7 }, [3]], [{ broadcast: 1 }, [2, 2, 2, 2, 2]]])('refuses %j of B %j before operator set 7', (attributes, b) => {
    expect(() => specialise(decodeModel(model('Add', 6, [[2, 3, 4, 5], b], attributes), 'old.onnx'))).toThrow(UserError);
  });

  it.each([['Mul', ['x0', 'x1', '']], ['Concat', ['x0', '']], ['Gather', ['', 'x1']], ['Mul', ['x0', 'x1', 'x0']]])('refuses %s of %j', (op, inputs) => {
    const decoded = decodeModel(model(op, 13, [[2, 3], [2, 3]], { axis: 0 }), 'odd.onnx');
    const [node] = decoded.graph.nodes;
    expect(() => specialise({ ...decoded, graph: { ...decoded.graph, nodes: [{ ...node!, inputs }] } })).toThrow(UserError);
  });

  it('casts to types that are named in words before operator set 6', async () => {
    const graph = specialise(decodeModel(model('Cast', 5, [[3]], { to: 'DOUBLE' }), 'Cast'));
    expect(toNumbers((await onReference(graph, { x0: tensorFrom('float32', [3], [1.5, -2.25, 3]) }))['y']!)).toEqual(Float64Array.of(1.5, -2.25, 3));
    expect(() => specialise(decodeModel(model('Cast', 5, [[3]], { to: 'constructor' }), 'Cast'))).toThrow(UserError);
  });

  it('differentiates samples towards picture and grid', async () => {
    const shapes = [[1, 2, 5, 4], [1, 2, 3, 2]] as const;
    const graph = specialise(decodeModel(model('GridSample', 20, shapes, { mode: 'cubic', padding_mode: 'reflection' }), 'GridSample'));
    const next = randomNumbers(5);
    const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, { dtype: 'float64', shape, data: Float64Array.from({ length: sizeOf(shape) }, () => 1.9 * next() - 0.95) } satisfies Tensor]));
    const ct: Tensor = { dtype: 'float64', shape: [1, 2, 2, 3], data: Float64Array.from({ length: 12 }, () => next() - 0.5) };
    const grads = await onReference(gradient(graph, ['x0', 'x1'], ['y']), { ...inputs, 'ct/y': ct });
    const scalar = async (): Promise<number> => toNumbers((await onReference(graph, inputs))['y']!).reduce((sum, value, i) => sum + value * Number(ct.data[i]), 0);
    for (const [name, { data }] of Object.entries(inputs)) {
      for (let i = 0; i < data.length; i += 3) {
        const h = 1e-3; // outputs are rounded to float32: 1e-7 / h
        const value = Number(data[i]);
        data[i] = value + h;
        const above = await scalar();
        data[i] = value - h;
        const below = await scalar();
        data[i] = value;
        expect(Math.abs((above - below) / (2 * h) - toNumbers(grads[`grad/${name}`]!)[i]!), `${name}[${i}]`).toBeLessThan(2e-3);
      }
    }
  });
});
