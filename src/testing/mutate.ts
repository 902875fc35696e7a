import type { DescMessage } from '@bufbuild/protobuf';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as AttributeType, ModelProtoSchema, TensorProto_DataLocation, type GraphProto, type ModelProto, type NodeProto, type TensorProto, type ValueInfoProto } from 'onnx-buf';
import { concatenated } from '../data/bytes';

/** A seeded source of choices. */
export class Dice {
  constructor(readonly next: () => number) {}

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** A marker in names; it must never stand in a shader. */
export const MARKER = 'pwned_by_a_name';

export const NAMES: readonly string[] = [
  '../../etc/passwd', '/etc/passwd', 'C:\\secret', '..\\secret', 'file:///etc/passwd', 'a/../../b', '', '.', '__proto__', 'constructor', 'toString', 'a\nb', '\0', '\u202e', 'grad/x', 'ct/y', 'y.next', 'constant_0', 'Add_0',
  `*/ fn ${MARKER}() {} /*`, `"); } @compute fn ${MARKER}`, 'x'.repeat(5000),
];
const INTEGERS: readonly bigint[] = [0n, 1n, -1n, 2n, 3n, 7n, 13n, 64n, -2n, 65536n, 10n ** 9n, 2n ** 31n - 1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const FLOATS: readonly number[] = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 3e38, 1e-45];
const OPERATORS: readonly string[] = [
  'Add', 'Reshape', 'Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Softmax', 'Slice', 'Pad', 'Resize', 'Gather', 'GatherND', 'ScatterND', 'ScatterElements', 'TopK', 'Range', 'Expand', 'Tile', 'Split', 'Concat', 'ConstantOfShape', 'OneHot', 'CumSum', 'Trilu',
  'If', 'Loop', 'Scan', 'Einsum', 'GridSample', 'Attention', 'LayerNormalization', 'GroupNormalization', 'MaxPool', 'AveragePool', 'LpPool', 'DepthToSpace', 'SpaceToDepth', 'Unsqueeze', 'Squeeze', 'Transpose', 'ReduceSum', 'ReduceMax', 'NonZero', 'EyeLike',
  'Cast', 'Where', 'Mod', 'Pow', 'Dropout', 'QuantizeLinear', 'DequantizeLinear', 'BatchNormalization', 'RotaryEmbedding', 'Upsample', 'Constant', 'Hardmax', 'Nonsense', 'constructor', '',
];
const ATTRIBUTES: readonly string[] = ['axis', 'axes', 'perm', 'pads', 'strides', 'kernel_shape', 'dilations', 'group', 'num_groups', 'mode', 'to', 'keepdims', 'shape', 'blocksize', 'q_num_heads', 'kv_num_heads', 'auto_pad', 'equation', 'output_shape', 'num_outputs', 'broadcast'];

/** Damages bytes anywhere: flips, cuts, repeats, overwrites. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Uint8Array<ArrayBuffer> {
  const at = dice.below(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + dice.below(dice.of([1, 4, 64, 4096])));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  const filled = (value: () => number): Uint8Array => part.map(value);
  switch (dice.below(8)) {
    case 0: return Uint8Array.from(before);
    case 1: return joined(before, after);
    case 2: return joined(before, part, part, after);
    case 3: return joined(before, filled(() => dice.below(256)), after);
    case 4: return joined(before, filled(() => dice.of([0, 255])), after);
    case 5: return joined(after, before);
    default: return joined(before, part.map((byte, i) => (i ? byte : byte ^ (1 << dice.below(8)))), after);
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatenated(parts);
}

interface Field {
  readonly start: number;
  readonly value: number;
  readonly end: number;
  readonly wire: number;
}

/** Damages one field of a protobuf message: its tag, its number, its length, its place. */
export function mutateWire(bytes: Uint8Array, dice: Dice): Uint8Array<ArrayBuffer> {
  const fields = fieldsOf(bytes, ModelProtoSchema, 0, bytes.length, []);
  const field = dice.of(fields);
  const cut = (start: number, end: number, ...by: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => joined(bytes.subarray(0, start), ...by, bytes.subarray(end));
  switch (dice.below(6)) {
    case 0: return cut(field.start, field.end);
    case 1: return cut(field.start, field.start, bytes.subarray(field.start, field.end));
    case 2: return cut(field.start, field.start + 1, Uint8Array.of(dice.below(256)));
    case 3: {
      const other = dice.of(fields);
      return cut(field.start, field.end, bytes.subarray(other.start, other.end));
    }
    default: {
      if (field.wire !== 0 && field.wire !== 2) return cut(field.value, field.end, Uint8Array.from({ length: field.end - field.value }, () => dice.below(256)));
      let end = field.value;
      while (bytes[end]! >= 0x80) end++;
      return cut(field.value, end + 1, varint(dice.of(INTEGERS)));
    }
  }
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest);
  return Uint8Array.from(out);
}

/** All fields of a sound message, those inside messages included. */
function fieldsOf(bytes: Uint8Array, schema: DescMessage, from: number, to: number, found: Field[]): Field[] {
  let at = from;
  const number = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const start = at;
    const tag = number();
    const [wire, value] = [tag % 8, at];
    if (wire === 0) number();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = number();
      const child = schema.fields.find((field) => field.number === Math.floor(tag / 8))?.message;
      if (child) fieldsOf(bytes, child, at, at + length, found);
      at += length;
    }
    found.push({ start, value, end: at, wire });
  }
  return found;
}

/** Changes a model as a protobuf message: dimensions, names, types, wiring. */
export function mutateModel(bytes: Uint8Array, dice: Dice): Uint8Array<ArrayBuffer> {
  const model = fromBinary(ModelProtoSchema, bytes);
  for (let count = 1 + dice.below(3); count > 0; count--) dice.of(MODEL_CHANGES)(model, dice);
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

type Change<T> = (thing: T, dice: Dice) => void;

const inGraph = (change: Change<GraphProto>): Change<ModelProto> => ({ graph, functions }, dice) => {
  if (!graph) return;
  const inner = graph.node.flatMap((node) => node.attribute.flatMap(({ g }) => (g ? [g] : [])));
  const bodies = functions.map(({ node }) => ({ ...graph, node, initializer: [], input: [], output: [] }) as GraphProto);
  change(dice.of([graph, graph, graph, ...inner, ...bodies]), dice);
};
const inNode = (change: (node: NodeProto, dice: Dice, graph: GraphProto) => void): Change<ModelProto> => inGraph((graph, dice) => graph.node.length && change(dice.of(graph.node), dice, graph));
const inTensor = (change: Change<TensorProto>): Change<ModelProto> => inGraph((graph, dice) => graph.initializer.length && change(dice.of(graph.initializer), dice));
const inValue = (change: Change<ValueInfoProto>): Change<ModelProto> => inGraph((graph, dice) => graph.input.length + graph.output.length && change(dice.of([...graph.input, ...graph.output]), dice));

const values = (graph: GraphProto): string[] => [...graph.input.map(({ name }) => name), ...graph.initializer.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)];

const MODEL_CHANGES: readonly Change<ModelProto>[] = [
  inNode((node, dice, graph) => node.input.length && (node.input[dice.below(node.input.length)] = dice.of([...values(graph), '']))),
  inNode((node, dice, graph) => void graph.node.splice(graph.node.indexOf(node), 1 + dice.below(2))),
  inNode((node, dice, graph) => void graph.node.splice(dice.below(graph.node.length), 0, node)),
  inNode((node, dice, graph) => void ([node.output, dice.of(graph.node).output] = [dice.of(graph.node).output, node.output])),
  inNode((node) => node.input.length && node.output.length && (node.input[0] = node.output[0]!)),
  inNode((node, dice) => void (node.name = dice.of(NAMES))),
  inNode((node, dice) => node.output.length && (node.output[0] = dice.of(NAMES))),
  inNode((node, dice) => void (node.opType = dice.of(OPERATORS))),
  inNode((node, dice) => void (node.domain = dice.of(['', 'ai.onnx', 'ai.seebetter', 'com.microsoft', 'local', '__proto__']))),
  inNode((node, dice, graph) => void node.input.push(dice.of(values(graph)))),
  inNode((node) => void node.input.pop()),
  inNode((node, dice) => void node.output.push(dice.of(NAMES))),
  inNode(changeAttribute), inNode(changeAttribute), inNode(changeAttribute),
  inTensor(changeTensor), inTensor(changeTensor), inTensor(changeTensor),
  inTensor(makeExternal),
  inGraph((graph, dice) => graph.initializer.length && graph.initializer.splice(dice.below(graph.initializer.length), 1)),
  inGraph((graph, dice) => graph.initializer.length && graph.initializer.push(dice.of(graph.initializer))),
  inGraph((graph, dice) => graph.input.length && graph.input.push(dice.of(graph.input))),
  inGraph((graph, dice) => graph.output.length && graph.output.splice(dice.below(graph.output.length), 1)),
  inGraph(renameEverywhere), inGraph(renameEverywhere),
  inValue(changeValue), inValue(changeValue),
  ({ opsetImport }, dice) => opsetImport.length && (dice.of(opsetImport).version = dice.of([...INTEGERS, 1n, 6n, 9n, 11n, 13n, 18n, 21n, 23n])),
];

function changeAttribute(node: NodeProto, dice: Dice): void {
  const attribute = node.attribute.length ? dice.of(node.attribute) : undefined;
  if (!attribute) return;
  switch (dice.below(8)) {
    case 0: attribute.i = dice.of(INTEGERS); break;
    case 1: attribute.f = dice.of(FLOATS); break;
    case 2: attribute.ints = Array.from({ length: dice.below(6) }, () => dice.of(INTEGERS)); break;
    case 3: attribute.ints = attribute.ints.map((value) => (dice.below(2) ? value : dice.of(INTEGERS))); break;
    case 4: attribute.s = new TextEncoder().encode(dice.of(NAMES)); break;
    case 5: attribute.type = dice.of([AttributeType.INT, AttributeType.FLOAT, AttributeType.INTS, AttributeType.STRING, AttributeType.TENSOR, AttributeType.GRAPH, AttributeType.UNDEFINED]); break;
    case 6: attribute.name = dice.of([...ATTRIBUTES, ...NAMES]); break;
    default: node.attribute.splice(node.attribute.indexOf(attribute), 1);
  }
}

function changeTensor(tensor: TensorProto, dice: Dice): void {
  switch (dice.below(6)) {
    case 0: tensor.dims = tensor.dims.map((dim) => (dice.below(2) ? dim : dice.of(INTEGERS))); break;
    case 1: tensor.dims = dice.of([[], [...tensor.dims, 1n], [0n, ...tensor.dims], [...tensor.dims].reverse(), tensor.dims.slice(1)]); break;
    case 2: tensor.dataType = dice.below(30); break;
    case 3: tensor.rawData = mutateBytes(tensor.rawData, dice); break;
    case 4: tensor.int64Data = tensor.int64Data.map((value) => (dice.below(2) ? value : dice.of(INTEGERS))); break;
    default: tensor.name = dice.of(NAMES);
  }
}

function makeExternal(tensor: TensorProto, dice: Dice): void {
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  const pair = (key: string, value: string): TensorProto['externalData'][number] => ({ $typeName: 'onnx.StringStringEntryProto', key, value });
  tensor.externalData = [pair('location', dice.of([...NAMES, 'weights.bin'])), pair('offset', String(dice.of([...INTEGERS, 0.5, 'x']))), pair('length', String(dice.of([...INTEGERS, 64n])))].slice(0, 1 + dice.below(3));
}

function changeValue(value: ValueInfoProto, dice: Dice): void {
  const type = value.type?.value;
  if (type?.case !== 'tensorType') return;
  switch (dice.below(4)) {
    case 0: type.value.elemType = dice.below(28); break;
    case 1: value.name = dice.of(NAMES); break;
    case 2: delete type.value.shape; break;
    default: for (const dim of type.value.shape?.dim ?? []) if (dice.below(2)) dim.value = dice.of([{ case: 'dimValue', value: dice.of(INTEGERS) }, { case: 'dimParam', value: dice.of(NAMES) }, { case: undefined }]);
  }
}

function renameEverywhere(graph: GraphProto, dice: Dice): void {
  const names = values(graph);
  if (!names.length) return;
  const [from, to] = [dice.of(names), dice.of(NAMES)];
  for (const thing of [...graph.input, ...graph.output, ...graph.initializer]) if (thing.name === from) thing.name = to;
  for (const node of graph.node) [node.input, node.output] = [node.input, node.output].map((list) => list.map((name) => (name === from ? to : name))) as [string[], string[]];
}

const SCALARS: readonly unknown[] = [null, true, 0, -1, 1.5, 2 ** 53, 1e308, -1e-300, '', 'NaN', '../../x', [], {}, [[]], Array(50).fill(0), '__proto__'];

/** Changes a JSON document: a value, a key, or its text. */
export function mutateJson(text: string, dice: Dice): string {
  if (dice.below(4) === 0) return new TextDecoder().decode(mutateBytes(new TextEncoder().encode(text), dice));
  const root = { document: JSON.parse(text) as unknown };
  for (let count = 1 + dice.below(2); count > 0; count--) {
    const places: [Record<string, unknown>, string][] = [];
    collect(root, places);
    const [holder, key] = dice.of(places);
    const change = dice.below(4);
    if (change === 0 && holder !== root) Reflect.deleteProperty(holder, key);
    else if (change === 1 && holder !== root) Object.defineProperty(holder, dice.of(NAMES), { value: holder[key], enumerable: true, configurable: true, writable: true });
    else holder[key] = structuredClone(dice.of(SCALARS));
  }
  return JSON.stringify(root.document) ?? '';
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect(child, places);
  }
}
