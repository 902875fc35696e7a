import { UserError } from '../ir/errors';
import { sizeOf, tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import { at, type DrawsFile } from './draws-file';
import { RandomStream, type Place } from './random';

/** What is drawn from. */
export interface DrawScope {
  readonly pictures: number;
  readonly batch: number;
  readonly accumulate: number;
  /** The timesteps that are drawn: from the first on, to before the second. */
  readonly timesteps: readonly [number, number];
  /** Of one picture: [c,h,w]. */
  readonly latentShape: readonly number[];
  readonly patchTokens: number;
  /** How many patch tokens are drawn for a picture; undefined: none. */
  readonly patches: number | undefined;
  /** Whether latents change places within the batch. */
  readonly shuffled: boolean;
}

export interface Draw {
  /** [B] */
  readonly timesteps: readonly number[];
  /** float32 [B,c,h,w] */
  readonly noise: Tensor;
  /** int64 [B,k] */
  readonly patches?: Tensor;
  /** [B]: whose latents each picture is given. */
  readonly shuffle?: readonly number[];
}

/** The random draws of a run, each from the seed and its place alone; what a draws file holds stands in for them. */
export class Draws {
  private epoch: { readonly number: number; readonly order: Uint32Array } | undefined;

  constructor(
    private readonly seed: number,
    private readonly scope: DrawScope,
    private readonly file?: DrawsFile,
  ) {}

  /** Pictures for place `i` of a micro-batch: the one drawn, then those that stand in for it, each picture once. */
  *candidates(step: number, micro: number, i: number): Generator<number> {
    const { pictures, batch, accumulate } = this.scope;
    const recorded = this.recorded('draws/order', step, micro);
    const position = (step * accumulate + micro) * batch + i;
    const order = recorded ? undefined : this.orderOf(Math.floor(position / pictures));
    for (let next = 0; next < pictures; next++) {
      if (recorded) yield (this.below(recorded, i, pictures, 'draws/order') + next) % pictures;
      else yield order![((position % pictures) + next) % pictures]!;
    }
  }

  draw(step: number, micro: number, draw: number): Draw {
    const place = { step, micro, draw };
    const { patches, shuffled } = this.scope;
    return {
      timesteps: this.timesteps(place),
      noise: this.noise(place),
      ...(patches !== undefined && { patches: this.patches(place, patches) }),
      ...(shuffled && { shuffle: this.shuffle(place) }),
    };
  }

  private timesteps(place: Required<Place>): readonly number[] {
    const { batch, timesteps: [from, to] } = this.scope;
    const recorded = this.recordedDraw('draws/timesteps', place);
    const stream = new RandomStream(this.seed, 'timesteps', place);
    return Array.from({ length: batch }, (_, i) => (recorded ? this.below(recorded, i, to, 'draws/timesteps') : from + stream.integer(to - from)));
  }

  private noise(place: Required<Place>): Tensor {
    const shape = [this.scope.batch, ...this.scope.latentShape];
    return this.recordedDraw('draws/noise', place) ?? { dtype: 'float32', shape, data: new RandomStream(this.seed, 'noise', place).normals(sizeOf(shape)) };
  }

  private patches(place: Required<Place>, count: number): Tensor {
    const { batch, patchTokens } = this.scope;
    const recorded = this.recordedDraw('draws/patches', place);
    const stream = new RandomStream(this.seed, 'patches', place);
    const values = Array.from({ length: batch * count }, (_, i) => (recorded ? this.below(recorded, i, patchTokens, 'draws/patches') : stream.integer(patchTokens)));
    return tensorFrom('int64', [batch, count], values);
  }

  private shuffle(place: Required<Place>): readonly number[] {
    const { batch } = this.scope;
    const recorded = this.recordedDraw('draws/shuffle', place);
    return recorded ? Array.from({ length: batch }, (_, i) => this.below(recorded, i, batch, 'draws/shuffle')) : new RandomStream(this.seed, 'shuffle', place).cycle(batch);
  }

  private orderOf(epoch: number): Uint32Array {
    if (this.epoch?.number !== epoch) this.epoch = { number: epoch, order: new RandomStream(this.seed, 'order', { step: epoch }).permutation(this.scope.pictures) };
    return this.epoch.order;
  }

  private recordedDraw(key: string, { step, micro, draw }: Required<Place>): Tensor | undefined {
    return this.recorded(key, step, micro, draw);
  }

  private recorded(key: string, ...place: readonly number[]): Tensor | undefined {
    const tensor = this.file?.tensors.get(key);
    return tensor && at(tensor, ...place);
  }

  private below(values: Tensor, i: number, bound: number, key: string): number {
    const value = Number(values.data[i]);
    if (value >= 0 && value < bound) return value;
    throw new UserError(`${key} holds ${value}, which is not from 0 to ${bound - 1}`, this.file!.file, 'Use a draws file that was recorded with these models and pictures');
  }
}

/** Collects what a run draws, for a draws file. */
export class DrawRecorder {
  private readonly orders: number[][] = [];
  private readonly drawn: Draw[] = [];

  order(pictures: readonly number[]): void {
    this.orders.push([...pictures]);
  }

  draw(draw: Draw): void {
    this.drawn.push(draw);
  }

  /** `draws/*`, the pictures numbered by their first use, and which pictures those are. */
  finish(accumulate: number): { readonly tensors: Record<string, Tensor>; readonly pictures: readonly number[] } {
    const pictures = [...new Set(this.orders.flat())];
    const number = new Map(pictures.map((picture, i) => [picture, i]));
    const steps = this.orders.length / accumulate;
    const batch = this.orders[0]!.length;
    const each = [steps, accumulate, this.drawn.length / this.orders.length, batch];
    const [first] = this.drawn;
    const join = (dtype: 'int64' | 'float32', tail: readonly number[], of: (draw: Draw) => ArrayLike<number>): Tensor => {
      const shape = [...each, ...tail];
      const values = new Float64Array(sizeOf(shape));
      this.drawn.forEach((draw, i) => values.set(of(draw), (i * values.length) / this.drawn.length));
      return tensorFrom(dtype, shape, values);
    };
    const tensors: Record<string, Tensor> = {
      'draws/order': tensorFrom('int64', [steps, accumulate, batch], this.orders.flat().map((picture) => number.get(picture)!)),
      'draws/timesteps': join('int64', [], ({ timesteps }) => timesteps),
      'draws/noise': join('float32', first!.noise.shape.slice(1), ({ noise }) => noise.data as Float32Array),
    };
    if (first!.patches) tensors['draws/patches'] = join('int64', first!.patches.shape.slice(1), ({ patches }) => toNumbers(patches!));
    if (first!.shuffle) tensors['draws/shuffle'] = join('int64', [], ({ shuffle }) => shuffle!);
    return { tensors, pictures };
  }
}
