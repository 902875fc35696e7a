import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType, AttributeProtoSchema, FunctionProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema,
  TensorProto_DataLocation, TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema, type AttributeProto, type GraphProto, type NodeProto, type TensorProto,
} from 'onnx-buf';

type Attribute = number | string | readonly number[] | GraphProto;
type Dims = readonly (number | string)[];

const FLOAT = 1;
const INT64 = 7;

/** Integral numbers are INT attributes; those named here are FLOAT all the same. */
const FLOATS: ReadonlySet<string> = new Set(['alpha', 'beta', 'epsilon', 'bias', 'lambd']);

export function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if (Array.isArray(value)) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: (value as number[]).map(BigInt) });
  if (typeof value === 'object') return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value as GraphProto });
  return Number.isInteger(value) && !FLOATS.has(name) ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) }) : create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
}

export function nodeProto(op: string, input: string[], output: string[], attributes: Readonly<Record<string, Attribute>> = {}, domain = ''): NodeProto {
  return create(NodeProtoSchema, { name: `${op} of ${output[0]}`, opType: op, domain, input, output, attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)) });
}

export function valueProto(name: string, dims?: Dims, elemType = FLOAT) {
  const dim = dims?.map((value) => create(TensorShapeProto_DimensionSchema, { value: typeof value === 'number' ? { case: 'dimValue', value: BigInt(value) } : { case: 'dimParam', value } }));
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType, ...(dim && { shape: create(TensorShapeProtoSchema, { dim }) }) }) } }) });
}

const floats = (name: string, dims: number[]): TensorProto => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: FLOAT, rawData: new Uint8Array(Float32Array.from({ length: size }, (_, i) => ((i * 7) % 11) / 11 - 0.5).buffer) });
};
const integers = (name: string, values: number[]): TensorProto => create(TensorProtoSchema, { name, dims: [BigInt(values.length)], dataType: INT64, int64Data: values.map(BigInt) });

function model(opset: number, graph: Partial<GraphProto>, functions: readonly NodeProto[] = []): Uint8Array {
  const opsetImport = ['', ...(functions.length ? ['local'] : [])].map((domain) => create(OperatorSetIdProtoSchema, { domain, version: domain ? 1n : BigInt(opset) }));
  const local = functions.length ? [create(FunctionProtoSchema, { name: 'Twice', domain: 'local', input: ['a'], output: ['b'], node: [...functions] })] : [];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 9n, opsetImport, graph: create(GraphProtoSchema, { name: 'tiny', ...(graph as object) }), functions: local }));
}

/** Contents of the file that `external` refers to. */
export const EXTERNAL = { location: 'weights.bin', bytes: new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => i / 16).buffer) };

/** Small models that together pass through most of the importer. */
export const TINY_MODELS: Readonly<Record<string, () => Uint8Array>> = {
  picture: () =>
    model(20, {
      input: [valueProto('x', ['batch', 3, 'height', 'width'])],
      initializer: [floats('w', [4, 3, 3, 3]), floats('b', [4]), floats('gamma', [4]), floats('beta', [4]), floats('scales', [4]), integers('sizes', [1, 4, 8, 8]), integers('flat', [0, -1]), floats('head', [256, 5])],
      node: [
        nodeProto('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1], strides: [2, 2], kernel_shape: [3, 3] }), nodeProto('InstanceNormalization', ['c', 'gamma', 'beta'], ['n'], { epsilon: 1e-5 }),
        nodeProto('Relu', ['n'], ['r']), nodeProto('Resize', ['r', '', '', 'sizes'], ['u'], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }), nodeProto('MaxPool', ['u'], ['m'], { kernel_shape: [2, 2], pads: [0, 0, 1, 1] }),
        nodeProto('Resize', ['m', '', '', 'sizes'], ['v'], { mode: 'nearest' }), nodeProto('Reshape', ['v', 'flat'], ['f']), nodeProto('Gemm', ['f', 'head'], ['y'], { alpha: 0.5 }),
      ],
      output: [valueProto('y', ['batch', 5])],
    }),
  tokens: () =>
    model(17, {
      input: [valueProto('ids', [1, 'length'], INT64)],
      initializer: [floats('table', [8, 4]), floats('gamma', [4]), floats('beta', [4]), integers('starts', [0]), integers('ends', [2 ** 52]), integers('axes', [1]), floats('scale', [1]), floats('w', [4, 12])],
      node: [
        nodeProto('Gather', ['table', 'ids'], ['e']), nodeProto('LayerNormalization', ['e', 'gamma', 'beta'], ['n'], { axis: -1 }), nodeProto('MatMul', ['n', 'w'], ['p']), nodeProto('Split', ['p'], ['q', 'k', 'v'], { axis: -1 }),
        nodeProto('Transpose', ['k'], ['t'], { perm: [0, 2, 1] }), nodeProto('MatMul', ['q', 't'], ['s']), nodeProto('Mul', ['s', 'scale'], ['d']), nodeProto('Softmax', ['d'], ['a'], { axis: -1 }), nodeProto('MatMul', ['a', 'v'], ['o']),
        nodeProto('Slice', ['o', 'starts', 'ends', 'axes'], ['l']), nodeProto('Shape', ['l'], ['sh']), nodeProto('ConstantOfShape', ['sh'], ['z']), nodeProto('Add', ['l', 'z'], ['y']), nodeProto('ReduceMean', ['y'], ['mean'], { axes: [1], keepdims: 0 }), nodeProto('ArgMax', ['mean'], ['best']),
      ],
      output: [valueProto('y'), valueProto('best', undefined, INT64)],
    }),
  branches: () =>
    model(16, {
      input: [valueProto('x', [2, 3])],
      initializer: [floats('k', [3]), integers('indices', [1, 0]), integers('repeats', [2, 1]), integers('pads', [0, 1, 0, 1]), floats('s', [1])],
      node: [
        nodeProto('Greater', ['s', 's'], ['condition']),
        nodeProto('If', ['condition'], ['i'], {
          then_branch: create(GraphProtoSchema, { name: 'then', node: [nodeProto('Mul', ['x', 'k'], ['t'])], output: [valueProto('t')] }),
          else_branch: create(GraphProtoSchema, { name: 'else', node: [nodeProto('Twice', ['x'], ['u'], {}, 'local')], output: [valueProto('u')] }),
        }),
        nodeProto('Gather', ['i', 'indices'], ['g']), nodeProto('Tile', ['g', 'repeats'], ['w']), nodeProto('Concat', ['w', 'x'], ['c'], { axis: 0 }), nodeProto('Pad', ['c', 'pads'], ['p']),
        nodeProto('Greater', ['p', 's'], ['mask']), nodeProto('Where', ['mask', 'p', 's'], ['y']), nodeProto('Einsum', ['y', 'y'], ['e'], { equation: 'ij,kj->ik' }),
      ],
      output: [valueProto('y'), valueProto('e')],
    }, [nodeProto('Add', ['a', 'a'], ['b'])]),
  external: () =>
    model(13, {
      input: [valueProto('x', ['n', 4])],
      initializer: [create(TensorProtoSchema, { name: 'w', dims: [4n, 4n], dataType: FLOAT, dataLocation: TensorProto_DataLocation.EXTERNAL, externalData: [['location', EXTERNAL.location], ['offset', '0'], ['length', '64']].map(([key, value]) => create(StringStringEntryProtoSchema, { key: key!, value: value! })) })],
      node: [nodeProto('MatMul', ['x', 'w'], ['m']), nodeProto('Sigmoid', ['m'], ['g']), nodeProto('Mul', ['m', 'g'], ['y'])],
      output: [valueProto('y', ['n', 4])],
    }),
};
