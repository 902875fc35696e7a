import { isFloat, sizeOf, stridesOf } from '../../ir/tensor';
import { windowOf, type Window } from './contractions';
import { rangeOf, type Family, type Lower, type Lowering } from './lowering';

interface Pooling extends Window {
  /** Spatial shape of the result. */
  readonly places: readonly number[];
}

/** Windows are pooled tap by tap. */
const LARGEST_KERNEL = 4096;
const MOST_PADS = 2 ** 20;

function poolingOf(l: Lowering): Pooling {
  const length = l.shape(0).slice(2);
  const window = windowOf(l, l.list('kernel_shape') ?? l.fail('it has no kernel_shape'));
  const { kernel, strides, dilations, pads } = window;
  const within = (list: readonly number[], low: number, high: number): boolean => list.every((value) => Number.isInteger(value) && value >= low && value <= high);
  const fits = kernel.length === length.length && strides.length === length.length && dilations.length === length.length && pads.length === 2 * length.length;
  if (!fits || !within(kernel, 1, LARGEST_KERNEL) || !within([...strides, ...dilations], 1, MOST_PADS) || !within(pads, 0, MOST_PADS)) {
    l.fail(`its window (kernel_shape [${kernel}], strides [${strides}], dilations [${dilations}], pads [${pads}]) cannot be laid on [${length}]`);
  }
  const places = kernel.map((k, i) => {
    const begin = pads[i]!;
    const steps = (length[i]! + begin + pads[i + kernel.length]! - (k - 1) * dilations[i]! - 1) / strides[i]!;
    const count = Math.floor(steps) + 1;
    // With ceil_mode one more window, if it starts inside the tensor or the padding before it.
    return l.flag('ceil_mode') && steps > Math.floor(steps) && count * strides[i]! < length[i]! + begin ? count + 1 : count;
  });
  if (places.some((count) => count < 1)) l.fail(`its window [${kernel}] is larger than the padded [${length}]`);
  return { ...window, places };
}

/** Pads the spatial axes so that every window lies inside. */
function padded(l: Lowering, x: string, { kernel, strides, dilations, pads, places }: Pooling, value: number): string {
  const shape = l.shapeOf(x);
  const ends = places.map((count, i) => Math.max(0, (count - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - shape[2 + i]! - pads[i]!));
  const all = [0, 0, ...pads.slice(0, kernel.length), 0, 0, ...ends];
  return all.some((pad) => pad > 0) ? l.add('Pad', [x], { pads: all, value }) : x;
}

/** The k-th elements of all windows along spatial axis i, for each k: windows are pooled one axis after the other. */
function taps(l: Lowering, x: string, { kernel, strides, dilations, places }: Pooling, i: number): string[] {
  return Array.from({ length: kernel[i]! }, (_, k) => l.slice(x, 2 + i, k * dilations[i]!, k * dilations[i]! + (places[i]! - 1) * strides[i]! + 1, strides[i]!));
}

function sums(l: Lowering, x: string, pooling: Pooling): string {
  return pooling.kernel.reduce((value, _, i) => taps(l, value, pooling, i).reduce((sum, tap) => l.apply('Add', sum, tap)), padded(l, x, pooling, 0));
}

/** 1 / the number of elements that each window along axis i averages. */
function share(l: Lowering, { kernel, strides, dilations, pads, places }: Pooling, i: number): string {
  const length = l.shape(0)[2 + i]!;
  const [from, to] = l.flag('count_include_pad') ? [-pads[i]!, length + pads[i + kernel.length]!] : [0, length];
  l.counted(places[i]! * kernel[i]!);
  const shares = Array.from({ length: places[i]! }, (_, place) => {
    const start = place * strides[i]! - pads[i]!;
    return 1 / Array.from({ length: kernel[i]! }, (__, k) => start + k * dilations[i]!).filter((at) => at >= from && at < to).length;
  });
  const uniform = shares.every((value) => value === shares[0]);
  return uniform ? l.builder.constant(shares[0] ?? 1) : l.vector('float32', shares, [1, 1, ...places.map((count, axis) => (axis === i ? count : 1))]);
}

function averagePool(l: Lowering): string {
  const pooling = poolingOf(l);
  const shares = pooling.kernel.map((_, i) => share(l, pooling, i)).reduce((a, b) => l.apply('Mul', a, b));
  return l.apply('Mul', sums(l, l.input(0), pooling), shares);
}

// (sum |x|^p)^(1/p)
function norm(l: Lowering, total: (powers: string) => string): string {
  const x = l.input(0);
  const p = l.number('p', 2);
  const magnitude = l.apply('Abs', x);
  if (p === 1) return total(magnitude);
  if (p === 2) return l.apply('Sqrt', total(l.apply('Mul', x, x)));
  return l.apply('Pow', total(l.apply('Pow', magnitude, l.scalar(p, x))), l.scalar(1 / p, x));
}

/** Where each element of x stands in it, by its spatial coordinates: what MaxPool's second output counts. */
function places(l: Lowering, shape: readonly number[]): string {
  const spatial = shape.slice(2);
  const strides = l.flag('storage_order') ? [...stridesOf([...spatial].reverse())].reverse() : stridesOf(spatial);
  const values = Array.from({ length: l.counted(sizeOf(spatial)) }, (_, i) => stridesOf(spatial).reduce((sum, stride, axis) => sum + (Math.floor(i / stride) % spatial[axis]!) * strides[axis]!, 0));
  return l.vector('int64', values, [1, 1, ...spatial]);
}

/**
 * Axis by axis from the last, the first largest tap is chosen by a mask: the first in row-major order gets the whole gradient, as in torch.
 * The second output follows the same choices.
 */
function maxPool(l: Lowering): readonly string[] {
  const pooling = poolingOf(l);
  const dtype = l.dtype(0);
  const shape = l.shape(0);
  const x = isFloat(dtype) ? l.input(0) : l.cast(l.input(0), 'int32');
  let value = padded(l, x, pooling, rangeOf(l.builder.type(x).dtype)[0]);
  let index = l.makes(1) ? padded(l, places(l, shape), pooling, 0) : undefined;
  for (let i = pooling.kernel.length - 1; i >= 0; i--) {
    if (pooling.kernel[i] === 1 && pooling.strides[i] === 1) continue;
    const stack = (from: string): string => l.concat(taps(l, from, pooling, i).map((tap) => l.reshape(tap, [1, ...l.shapeOf(tap)])), 0);
    const stacked = stack(value);
    const first = l.add('ArgMax', [stacked], { axis: 0, keepdims: true, selectLastIndex: false });
    const chosen = l.apply('Equal', first, l.counter(pooling.kernel[i]!, 0, shape.length + 1));
    const choose = (from: string): string => l.reduce('ReduceSum', l.apply('Where', chosen, from, l.scalar(0, from)), [0], false);
    value = choose(stacked);
    if (index !== undefined) index = choose(stack(index));
  }
  const y = l.cast(value, dtype);
  if (index === undefined) return [y];
  const planes = l.vector('int64', Array.from({ length: l.counted(shape[0]! * shape[1]!) }, (_, i) => i * sizeOf(shape.slice(2))), [shape[0]!, shape[1]!, ...shape.slice(2).map(() => 1)]);
  return [y, l.apply('Add', index, planes)];
}

const spatialAxes = (l: Lowering): number[] => l.shape(0).map((_, i) => i).slice(2);
const globally = (op: 'ReduceMean' | 'ReduceMax'): Lower => (l) => l.reduce(op, l.input(0), spatialAxes(l));

export const POOLING: Family = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  LpPool: (l) => norm(l, (powers) => sums(l, powers, poolingOf(l))),
  GlobalAveragePool: globally('ReduceMean'),
  GlobalMaxPool: globally('ReduceMax'),
  GlobalLpPool: (l) => norm(l, (powers) => l.reduce('ReduceSum', powers, spatialAxes(l))),
};
