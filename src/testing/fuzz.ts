import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { TextReader, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import { gradient } from '../autodiff/gradient';
import { plan } from '../compile/plan';
import { openArchive } from '../data/archive';
import { decodePicture } from '../data/decode-node';
import { fileInMemory, type FileEntry } from '../data/files';
import { writeSafetensors } from '../data/safetensors';
import { encodePng } from '../data/scenes/png';
import { checkFile } from '../intake/check';
import { multiplyAdds } from '../intake/cost';
import type { FileKind } from '../intake/kinds';
import { smallGraph } from '../intake/sizes';
import { UserError } from '../ir/errors';
import { isFloat, sizeOf, tensorFrom } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { Dice, MARKER, mutateBytes, mutateJson, mutateModel, mutateWire } from './mutate';
import { randomNumbers } from './random';
import { hasShared, shared } from './shared';
import { EXTERNAL, TINY_MODELS } from './tiny-models';

/** A sound file, and how often it is taken in comparison with others. */
interface Seed {
  readonly file: string;
  readonly kind: FileKind;
  readonly bytes: Uint8Array;
  readonly weight: number;
}

export interface FuzzCase {
  readonly name: string;
  readonly kind: FileKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** result: it was taken; refused: a UserError; defect: anything else, in words. */
export type Ending = 'result' | 'refused' | { readonly defect: string };

/** Bundled models that are read in a moment: larger ones are made of the same operators. */
const MOST_BYTES = 1e6;
const RUN = JSON.stringify({ recipe: 'diva', steps: 100, seed: 1, lr: 1e-4, batch: 4 });

/** The sound files that cases are made of: small models made by hand, the bundled ones, configurations, archives, pictures. */
export async function seeds(): Promise<Seed[]> {
  const text = (source: string): Uint8Array => new TextEncoder().encode(source);
  const png = encodePng({ width: 6, height: 5, data: Uint8Array.from({ length: 90 }, (_, i) => (i * 37) % 256) });
  const tar = tarOf({ 'a.png': png, 'b/c.png': png, 'b/c.txt': text('a caption') });
  const tensors = writeSafetensors({ a: tensorFrom('float32', [2, 3], [1, 2, 3, 4, 5, 6]), b: tensorFrom('int64', [2], [7, 8]), c: tensorFrom('float16', [0], []) }, { format: 'pt' });
  const fixtures: Seed[] = hasShared ? ['parquet/ok.parquet', 'images/ok.jpg'].map((path) => ({ file: path.split('/')[1]!, kind: path.startsWith('p') ? 'parquet' : 'image', bytes: readFileSync(shared(`malformed/${path}`)), weight: 3 })) : [];
  return [
    ...Object.entries(TINY_MODELS).map(([name, make]): Seed => ({ file: `${name}.onnx`, kind: 'onnx', bytes: make(), weight: 12 })),
    ...bundled(),
    { file: 'run.json', kind: 'run-config', bytes: text(RUN), weight: 3 },
    { file: 'a.safetensors', kind: 'safetensors', bytes: tensors, weight: 4 },
    { file: 'stored.zip', kind: 'archive', bytes: await zipOf({ 'a.png': png, 'b.png': png }, 0), weight: 3 },
    { file: 'deflated.zip', kind: 'archive', bytes: await zipOf({ 'a.png': png, 'b.txt': text('b'.repeat(5000)) }, 6), weight: 3 },
    { file: 'a.tar', kind: 'archive', bytes: tar, weight: 3 },
    { file: 'a.tar.gz', kind: 'archive', bytes: gzipSync(tar), weight: 2 },
    { file: 'a.png', kind: 'image', bytes: png, weight: 3 },
    ...fixtures,
  ];
}

/** What is in public/: models that hold their weights, the configurations of a CLIP and a scheduler, questions. */
function bundled(): Seed[] {
  const root = new URL('../../public/', import.meta.url);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/')).sort();
  const seed = (path: string, kind: FileKind, weight: number): Seed => ({ file: path.split('/').at(-1)!, kind, bytes: readFileSync(new URL(path, root)), weight });
  const whole = ({ file, bytes }: Seed): boolean => bytes.length < MOST_BYTES && [...decodeModel(bytes, file).graph.weights.values()].every(({ ref }) => ref.kind === 'bytes');
  const clip = paths.find((path) => path.endsWith('/preprocessor_config.json'))!.replace(/[^/]+$/, '');
  const configs = (['config.json', 'preprocessor_config.json', 'tokenizer.json'] as const).map((name) => seed(`${clip}${name}`, name, 3));
  return [
    ...paths.filter((path) => path.endsWith('.onnx')).map((path) => seed(path, 'onnx', 1)).filter(whole),
    ...configs,
    seed(paths.find((path) => path.endsWith('/scheduler_config.json'))!, 'scheduler_config.json', 3),
    seed(paths.find((path) => path.endsWith('/Questions.csv'))!, 'csv', 2),
  ];
}

async function zipOf(files: Readonly<Record<string, Uint8Array>>, level: number): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level });
  for (const [name, bytes] of Object.entries(files)) await writer.add(name, name.endsWith('.txt') ? new TextReader(new TextDecoder().decode(bytes)) : new Uint8ArrayReader(bytes as Uint8Array<ArrayBuffer>));
  return writer.close();
}

function tarOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(bytes.length.toString(8).padStart(11, '0'), 124);
    header.write('        0', 148);
    header.write(header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0'), 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** Case `index` of a seed: the same on every machine, whatever was made before it. */
export function fuzzCase(from: readonly Seed[], seed: number, index: number): FuzzCase {
  const dice = new Dice(randomNumbers(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)));
  const { file, kind, bytes } = dice.of(from.flatMap((item) => Array<Seed>(item.weight).fill(item)));
  return { name: file, kind, bytes: mutated(kind, bytes, dice) };
}

function mutated(kind: FileKind, bytes: Uint8Array, dice: Dice): Uint8Array<ArrayBuffer> {
  const isText = kind.endsWith('.json') || kind === 'run-config';
  if (isText) return new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes), dice));
  if (kind === 'safetensors' && dice.below(3)) {
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)), dice));
    const out = new Uint8Array(8 + header.length + bytes.length - 8 - length);
    new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
    out.set(header, 8);
    out.set(bytes.subarray(8 + length), 8 + header.length);
    return out;
  }
  if (kind !== 'onnx') return mutateBytes(bytes, dice);
  return dice.of([mutateBytes, mutateWire, mutateModel, mutateModel, mutateModel])(bytes, dice);
}

/** Does with a file what the page would: checks it as its kind, and reads, differentiates and plans what is in it. */
export async function endingOf({ name, kind, bytes }: FuzzCase): Promise<Ending> {
  const file = fileInMemory(name, bytes);
  const asked: string[] = [];
  const beside = (location: string) => {
    asked.push(location);
    return Promise.resolve(location === EXTERNAL.location ? fileInMemory(location, EXTERNAL.bytes) : undefined);
  };
  let ending: Ending = 'result';
  try {
    await checkFile(file, { decode: decodePicture, beside }, kind);
    if (kind === 'archive' || kind === 'parquet') await readAll(file);
    if (kind === 'onnx') differentiateAndPlan(bytes, name);
  } catch (error) {
    if (!(error instanceof UserError)) return { defect: error instanceof Error ? `${error.name}: ${error.message} ${error.stack?.split('\n').slice(1, 5).map((line) => line.trim()).join(' ')}` : String(error) };
    if (error.message.includes('\n')) return { defect: `a message of several lines: ${error.message}` };
    ending = 'refused';
  }
  const escaped = asked.find((location) => /^([a-z]+:|[\\/])/i.test(location) || location.split(/[\\/]/).includes('..'));
  if (escaped !== undefined) return { defect: `asked for ${escaped}` };
  if ('polluted' in {} || 'pwned' in globalThis) return { defect: 'a prototype or the global object was changed' };
  return ending;
}

/** Reads up to ten entries of an archive; a damaged entry is an error of its own. */
async function readAll(file: FileEntry): Promise<void> {
  const tree = await openArchive(file);
  for (const entry of tree?.files.slice(0, 10) ?? []) {
    const read = await entry.read(0, 1 << 20).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
    });
    if (read && read.length > entry.size) throw new Error(`${entry.path} is longer than its size`);
  }
}

const LIMITS = { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 10, f16: false, software: true };

/** Step graph and WebGPU plan of what is small enough; names must stay out of the shaders. */
function differentiateAndPlan(bytes: Uint8Array, name: string): void {
  const graph = smallGraph(decodeModel(bytes, name));
  if (!graph || graph.nodes.length > 1000 || multiplyAdds(graph) > 2e8 || [...graph.types.values()].some(({ shape }) => sizeOf(shape) > 1e7)) return;
  const floating = (value: string): boolean => isFloat(graph.types.get(value)!.dtype);
  const stepped = gradient(graph, [...graph.inputs, ...graph.initializers.keys()].filter(floating), graph.outputs.filter(floating));
  const { dispatches } = plan(stepped, new Set(), LIMITS);
  if (dispatches.some(({ kernel }) => kernel.wgsl.includes(MARKER))) throw new Error('a name stands in a shader');
}
