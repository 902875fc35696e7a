import { readSafetensors } from '../data/safetensors';
import { UserError } from '../ir/errors';
import { cast, describe, isFloat, sizeOf, type DType, type Tensor, type TypedArray } from '../ir/tensor';

/** Everything random of a run, and whatever else is to be taken as it stands: pictures, latents, text context, initial parameters. */
export interface DrawsFile {
  readonly file: string;
  /** Keyed as in KEYS, and `init/<parameter>`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
  /** The sizes that the tensors agree on. */
  readonly sizes: Readonly<Partial<Record<Size, number>>>;
}

type Size = 'steps' | 'accumulate' | 'draws' | 'batch' | 'patches' | 'pictures' | 'channels' | 'height' | 'width';

interface Form {
  readonly dtype: DType;
  /** A number, a size that all keys share, or '' for any. */
  readonly shape: readonly (number | Size | '')[];
}

const EACH_DRAW = ['steps', 'accumulate', 'draws', 'batch'] as const;

/** What a draws file may hold beside `init/<parameter>`; other keys (recorded losses, say) are left alone. */
const KEYS: Readonly<Record<string, Form>> = {
  /** Which picture. */
  'draws/order': { dtype: 'int64', shape: ['steps', 'accumulate', 'batch'] },
  'draws/timesteps': { dtype: 'int64', shape: EACH_DRAW },
  'draws/noise': { dtype: 'float32', shape: [...EACH_DRAW, 'channels', 'height', 'width'] },
  /** Which patch tokens, the class token not counted. */
  'draws/patches': { dtype: 'int64', shape: [...EACH_DRAW, 'patches'] },
  /** Whose latents in the batch a picture is given (recipe control). */
  'draws/shuffle': { dtype: 'int64', shape: EACH_DRAW },
  images: { dtype: 'uint8', shape: ['pictures', '', '', 3] },
  pixel_values: { dtype: 'float32', shape: ['pictures', '', '', ''] },
  latents: { dtype: 'float32', shape: ['pictures', 'channels', 'height', 'width'] },
  text_context: { dtype: 'float32', shape: [1, '', ''] },
};

/** Reads a file of the form of `--record-draws`. Throws a UserError that names the key if a tensor has another form or disagrees with another. */
export function readDraws(bytes: Uint8Array, file: string): DrawsFile {
  const found = readSafetensors(bytes, file);
  const tensors = new Map<string, Tensor>();
  const sizes: Partial<Record<Size, number>> = {};
  const givenBy = new Map<Size, string>();
  for (const [key, tensor] of found.tensors) {
    if (key.startsWith('init/')) tensors.set(key, isFloat(tensor.dtype) ? cast(tensor, 'float32') : refuse(key, `holds ${tensor.dtype}`, file));
    if (!Object.hasOwn(KEYS, key)) continue;
    const { dtype, shape } = KEYS[key]!;
    if (isFloat(tensor.dtype) !== isFloat(dtype) || tensor.shape.length !== shape.length) refuse(key, `is ${describe(tensor)}, but should be ${dtype} [${shape.map((dim) => dim || '?')}]`, file);
    shape.forEach((want, axis) => {
      const dim = tensor.shape[axis]!;
      if (typeof want === 'number' && dim !== want) refuse(key, `has ${dim} instead of ${want} on axis ${axis}`, file);
      if (typeof want === 'number' || want === '') return;
      if (sizes[want] !== undefined && sizes[want] !== dim) refuse(key, `has ${dim} ${want}, but ${givenBy.get(want)} has ${sizes[want]}`, file);
      sizes[want] = dim;
      givenBy.set(want, key);
    });
    tensors.set(key, cast(tensor, dtype));
  }
  return { file, tensors, metadata: found.metadata, sizes };
}

/** The settings that the file fixes, by their names in a run's settings; `text` ones as they stand in the metadata. */
export function settingsOfDraws({ sizes, metadata, tensors }: DrawsFile): Record<string, unknown> {
  const { steps, accumulate, draws, batch: micro_batch, patches } = sizes;
  const shapes = { steps, accumulate, draws, micro_batch, ...(tensors.has('draws/patches') ? { condition: 'class+random', patches } : {}) };
  const named = { lr: 'base_lr', momentum: 'momentum', warmup: 'warmup', clip_norm: 'clip_norm', pool: 'pool', condition: 'condition', recipe: 'recipe' };
  const texts = Object.entries(named).flatMap(([setting, key]) => (metadata.has(key) ? [[setting, fromText(metadata.get(key)!)] as const] : []));
  return { ...Object.fromEntries(Object.entries(shapes).filter(([, value]) => value !== undefined)), clip_norm: null, ...Object.fromEntries(texts) };
}

/** A number where the text is one, else the text. */
export function fromText(text: string): number | string {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The part of a tensor under leading indices. */
export function at(tensor: Tensor, ...indices: readonly number[]): Tensor {
  const shape = tensor.shape.slice(indices.length);
  const size = sizeOf(shape);
  const row = indices.reduce((index, next, axis) => index * tensor.shape[axis]! + next, 0);
  return { dtype: tensor.dtype, shape, data: tensor.data.subarray(row * size, (row + 1) * size) as TypedArray };
}

function refuse(key: string, what: string, file: string): never {
  throw new UserError(`${key} ${what}`, file, 'Record the draws again with --record-draws, or remove this key');
}
