import { sizeOf } from '../../ir/tensor';
import { perChannel, type Family, type Lowering } from './lowering';

function affine(l: Lowering, value: string, scale: string, bias: string | undefined): string {
  const scaled = l.apply('Mul', value, scale);
  return bias === undefined ? scaled : l.apply('Add', scaled, bias);
}

const epsilon = (l: Lowering, x: string): string => l.scalar(l.number('epsilon', 1e-5), x);
const square = (l: Lowering, x: string): string => l.apply('Mul', x, x);

/** Y and, where the model reads them, the mean and 1 / sqrt(variance + epsilon). */
function layerNormalization(l: Lowering): readonly string[] {
  const x = l.input(0);
  const axis = l.axisOf(-1);
  const y = affine(l, l.add('Normalize', [x], { axis, epsilon: l.number('epsilon', 1e-5) }), l.input(1), l.has(2) ? l.input(2) : undefined);
  if (!l.makes(1) && !l.makes(2)) return [y];
  const axes = l.shape(0).map((_, i) => i).slice(axis);
  const mean = l.reduce('ReduceMean', x, axes);
  const variance = l.reduce('ReduceMean', square(l, l.apply('Sub', x, mean)), axes);
  return [y, mean, l.apply('Reciprocal', l.apply('Sqrt', l.apply('Add', variance, epsilon(l, x))))];
}

// x / sqrt(mean(x^2) + epsilon) * scale
function rmsNormalization(l: Lowering): string {
  const x = l.input(0);
  const axes = l.shape(0).map((_, i) => i).slice(l.axisOf(-1));
  const size = l.apply('Sqrt', l.apply('Add', l.reduce('ReduceMean', square(l, x), axes), epsilon(l, x)));
  return l.apply('Mul', l.apply('Div', x, size), l.input(1));
}

/** Exporters of group normalisation give constants of ones and zeros, which are left out. */
function instanceNormalization(l: Lowering): string {
  const rank = l.shape(0).length;
  const y = l.add('Normalize', [l.input(0)], { axis: 2, epsilon: l.number('epsilon', 1e-5) });
  const scaled = l.builder.uniform(l.input(1)) === 1 ? y : l.apply('Mul', y, perChannel(l, 1, rank));
  return l.builder.uniform(l.input(2)) === 0 ? scaled : l.apply('Add', scaled, perChannel(l, 2, rank));
}

/** Scale and bias have one entry a channel; in operator set 18 one a group. */
function groupNormalization(l: Lowering): string {
  const shape = l.shape(0);
  const groups = l.number('num_groups', 1);
  const grouped = l.reshape(l.input(0), [shape[0]!, groups, sizeOf(shape.slice(1)) / groups]);
  const y = l.add('Normalize', [grouped], { axis: 2, epsilon: l.number('epsilon', 1e-5) });
  if (l.opset >= 21 || groups === shape[1]) return affine(l, l.reshape(y, shape), perChannel(l, 1, shape.length), perChannel(l, 2, shape.length));
  const perGroup = (i: number): string => l.reshape(l.input(i), [1, groups, 1]);
  return l.reshape(affine(l, y, perGroup(1), perGroup(2)), shape);
}

// Evaluation: y = f x + (bias - f mean),  f = scale / sqrt(variance + epsilon)
function batchNormalization(l: Lowering): string {
  if (l.flag('training_mode')) l.fail('it is in training mode');
  const rank = l.shape(0).length;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => perChannel(l, i, rank)) as [string, string, string, string];
  const factor = l.apply('Div', scale, l.apply('Sqrt', l.apply('Add', variance, epsilon(l, variance))));
  return affine(l, l.input(0), factor, l.apply('Sub', bias, l.apply('Mul', factor, mean)));
}

/** A row of zeros stays zeros: its length counts as 1. */
function lpNormalization(l: Lowering): string {
  const x = l.input(0);
  const axes = [l.axisOf(-1)];
  const p = l.number('p', 2);
  const total = l.reduce('ReduceSum', p === 1 ? l.apply('Abs', x) : square(l, x), axes);
  const safe = l.apply('Where', l.apply('Equal', total, l.scalar(0, x)), l.scalar(1, x), total);
  return l.apply('Div', x, p === 1 ? safe : l.apply('Sqrt', safe));
}

// (x - mean) / (sqrt(variance) + 1e-9)
function meanVarianceNormalization(l: Lowering): string {
  const x = l.input(0);
  const axes = [...(l.list('axes') ?? [0, 2, 3])].map((axis) => l.axis(axis, l.shape(0).length)).sort((a, b) => a - b);
  const centred = l.apply('Sub', x, l.reduce('ReduceMean', x, axes));
  const deviation = l.apply('Sqrt', l.reduce('ReduceMean', square(l, centred), axes));
  return l.apply('Div', centred, l.apply('Add', deviation, l.scalar(1e-9, x)));
}

export const NORMALIZATIONS: Family = {
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  BatchNormalization: batchNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
};
