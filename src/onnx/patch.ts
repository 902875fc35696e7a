import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation, type TensorProto } from 'onnx-buf';
import type { Encoded } from './encode';
import type { Weight } from './decode';

export interface PatchOptions {
  /** The new bytes of a weight, in its stored dtype and layout. */
  readonly read: (weight: Weight) => Promise<Uint8Array>;
  /** Name of the data file, should the weights be too large for the model file itself. */
  readonly dataFile: string;
  /** Weights that take more bytes than this together go to the data file: a protobuf holds 2 GB. */
  readonly mostInline?: number;
}

const MOST_INLINE = 1.5e9;

/** Weights smaller than this stay in the model, where shape arithmetic finds them. */
const EXTERNAL_BYTES = 1024;

/** An ONNX file with other weights: everything else (names, dynamic axes, metadata, fields that we do not know) stays as it is. */
export async function patchWeights(bytes: Uint8Array, weights: ReadonlyMap<string, Weight>, { read, dataFile, mostInline = MOST_INLINE }: PatchOptions): Promise<Encoded> {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const data: Uint8Array[] = [];
  let [total, offset] = [0, 0];
  const values = new Map<TensorProto, Uint8Array>();
  for (const tensor of proto.graph?.initializer ?? []) {
    const weight = weights.get(tensor.name);
    if (!weight) continue;
    const value = await read(weight);
    values.set(tensor, value);
    total += value.length;
  }
  for (const [tensor, value] of values) {
    clear(tensor);
    if (total <= mostInline || value.length < EXTERNAL_BYTES) tensor.rawData = value as Uint8Array<ArrayBuffer>;
    else {
      point(tensor, dataFile, offset, value.length);
      data.push(value);
      offset += value.length;
    }
  }
  return { model: toBinary(ModelProtoSchema, proto), data };
}

/** Drops whichever form the values had. */
function clear(tensor: TensorProto): void {
  tensor.rawData = new Uint8Array(0);
  for (const field of ['floatData', 'doubleData', 'int32Data', 'int64Data', 'uint64Data', 'externalData'] as const) tensor[field].length = 0;
  tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
}

function point(tensor: TensorProto, location: string, offset: number, length: number): void {
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = Object.entries({ location, offset, length }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
}

/**
 * The module of the exported network that each node belongs to ("vision_model.encoder.layers.0.mlp.fc1"), by node name: from the scopes that PyTorch's
 * newer exporter writes beside a node, else from the path that its older one makes the node's name.
 */
export function moduleOfNodes(bytes: Uint8Array): Map<string, string> {
  const modules = new Map<string, string>();
  for (const { name, metadataProps } of fromBinary(ModelProtoSchema, bytes).graph?.node ?? []) {
    const scopes = metadataProps.find(({ key }) => key === 'pkg.torch.onnx.name_scopes')?.value;
    const path = scopes === undefined ? name.split('/').filter(Boolean).slice(0, -1).join('.') : ([...scopes.matchAll(/'([^']*)'/g)].at(-2)?.[1] ?? '');
    if (path) modules.set(name, path);
  }
  return modules;
}
