import { cast, sizeOf, tensorFrom } from '../../ir/tensor';
import { dtypeOf } from './arithmetic';
import { promoted, type Family, type Lowering } from './lowering';

/** Longer ranges are no index lists but a mistake. */
const LONGEST_RANGE = 1e6;

function constant(l: Lowering): string {
  const tensor = l.tensor('value');
  if (tensor) return l.builder.constant(cast(tensor, promoted(tensor.dtype)));
  if (l.node.attributes.has('value_float')) return l.builder.constant(l.number('value_float', 0));
  if (l.node.attributes.has('value_int')) return l.builder.constant(l.number('value_int', 0), 'int64');
  const floats = l.list('value_floats');
  if (floats) return l.vector('float32', floats);
  return l.vector('int64', l.list('value_ints') ?? l.fail('its value is of a kind that is not supported'));
}

function constantOfShape(l: Lowering): string {
  const tensor = l.tensor('value') ?? tensorFrom('float32', [1], [0]);
  const scalar = l.builder.constant(cast({ ...tensor, shape: [] }, promoted(tensor.dtype)));
  return l.expand(scalar, l.values(0));
}

function range(l: Lowering): string {
  const [start, limit, delta] = [l.values(0)[0]!, l.values(1)[0]!, l.values(2)[0]!];
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(length <= LONGEST_RANGE)) l.fail(`it would have ${length} elements`);
  return l.vector(l.dtype(0), Array.from({ length }, (_, i) => start + i * delta));
}

function eyeLike(l: Lowering): string {
  const [rows, columns] = l.shape(0) as [number, number];
  const dtype = l.node.attributes.has('dtype') ? promoted(dtypeOf(l, 'dtype')) : l.dtype(0);
  const diagonal = l.apply('Add', l.counter(rows, 0, 2), l.builder.constant(l.number('k', 0), 'int64'));
  return l.cast(l.apply('Equal', diagonal, l.counter(columns, 1, 2)), dtype);
}

/** The indices of a known tensor's non-zero elements, one row an axis. */
function nonZero(l: Lowering): string {
  const values = l.values(0);
  const shape = l.shape(0);
  const found = values.flatMap((value, i) => (value ? [i] : []));
  const rows = shape.map((dim, axis) => found.map((i) => Math.floor(i / sizeOf(shape.slice(axis + 1))) % dim));
  return l.vector('int64', rows.flat(), [shape.length, found.length]);
}

/** A draw is replaced by the mean of its distribution: a sampling VAE encoder gives its mean, which is what the method wants. */
function mean(l: Lowering, shape: readonly number[], value: number): string {
  return l.expand(l.builder.constant(value), shape);
}

export const CONSTANTS: Family = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  NonZero: nonZero,
  Shape: (l) => l.vector('int64', l.shape(0).slice(l.number('start', 0), l.node.attributes.has('end') ? l.number('end', 0) : undefined)),
  Size: (l) => l.builder.constant(sizeOf(l.shape(0)), 'int64'),
  RandomNormal: (l) => mean(l, l.list('shape') ?? l.fail('it has no shape'), l.number('mean', 0)),
  RandomNormalLike: (l) => mean(l, l.shape(0), l.number('mean', 0)),
  RandomUniform: (l) => mean(l, l.list('shape') ?? l.fail('it has no shape'), (l.number('low', 0) + l.number('high', 1)) / 2),
  RandomUniformLike: (l) => mean(l, l.shape(0), (l.number('low', 0) + l.number('high', 1)) / 2),
};
