import { sizeOf } from '../../ir/tensor';
import type { Family, Lowering } from './lowering';

function reshaped(l: Lowering): string {
  const from = l.shape(0);
  const wanted = l.listOrOperand('shape', 1) ?? l.fail('it has no shape');
  const zeroKeeps = !l.flag('allowzero');
  const shape = wanted.map((dim, i) => (dim === 0 && zeroKeeps ? (from[i] ?? l.fail(`its shape [${wanted}] keeps a dimension that [${from}] lacks`)) : dim));
  const free = shape.indexOf(-1);
  if (free >= 0) shape[free] = sizeOf(from) / Math.max(1, sizeOf(shape.filter((_, i) => i !== free)));
  return l.reshape(l.input(0), shape);
}

function flatten(l: Lowering): string {
  const shape = l.shape(0);
  const value = l.number('axis', 1);
  const axis = value < 0 ? value + shape.length : value;
  return l.reshape(l.input(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

function squeeze(l: Lowering): string {
  const shape = l.shape(0);
  const axes = l.listOrOperand('axes', 1)?.map((axis) => l.axis(axis, shape.length)) ?? shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return l.reshape(l.input(0), shape.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(l: Lowering): string {
  const shape = l.shape(0);
  const given = l.listOrOperand('axes', 1) ?? l.fail('it has no axes');
  const rank = shape.length + given.length;
  const axes = given.map((axis) => l.axis(axis, rank));
  const rest = [...shape];
  return l.reshape(l.input(0), Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)));
}

function slice(l: Lowering): string {
  const shape = l.shape(0);
  const starts = l.listOrOperand('starts', 1) ?? l.fail('it has no starts');
  const ends = l.listOrOperand('ends', 2) ?? l.fail('it has no ends');
  const axes = (l.listOrOperand('axes', 3) ?? starts.map((_, i) => i)).map((axis) => l.axis(axis, shape.length));
  const steps = l.has(4) ? l.values(4) : starts.map(() => 1);
  const out = { starts: shape.map(() => 0), ends: [...shape], steps: shape.map(() => 1) };
  axes.forEach((axis, i) => {
    const dim = shape[axis]!;
    const step = steps[i]! || l.fail('its step is 0');
    const clamp = (at: number, low: number, high: number): number => Math.min(high, Math.max(low, at < 0 ? at + dim : at));
    out.steps[axis] = step;
    out.starts[axis] = step > 0 ? clamp(starts[i]!, 0, dim) : clamp(starts[i]!, -1, dim - 1);
    out.ends[axis] = step > 0 ? clamp(ends[i]!, 0, dim) : clamp(ends[i]!, -1, dim - 1);
  });
  return l.add('Slice', [l.input(0)], out);
}

function split(l: Lowering): readonly string[] {
  const axis = l.axisOf(0);
  const length = l.shape(0)[axis]!;
  const count = l.number('num_outputs', l.node.outputs.length);
  const even = Math.ceil(length / count);
  const sizes = l.listOrOperand('split', 1) ?? Array.from({ length: l.counted(count) }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  if (sizes.reduce((sum, size) => sum + size, 0) !== length) l.fail(`its parts [${sizes}] are not the ${length} elements of the axis`);
  let at = 0;
  return sizes.map((size) => l.slice(l.input(0), axis, at, (at += size)));
}

function tile(l: Lowering): string {
  const shape = l.shape(0);
  const repeats = l.values(1);
  const apart = l.reshape(l.input(0), shape.flatMap((dim) => [1, dim]));
  return l.reshape(l.expand(apart, shape.flatMap((dim, i) => [repeats[i]!, dim])), shape.map((dim, i) => dim * repeats[i]!));
}

function depthToSpace(l: Lowering): string {
  const [n, c, h, w] = l.shape(0) as [number, number, number, number];
  const b = l.number('blocksize', 1);
  const depth = c / (b * b);
  const [apart, perm] = l.text('mode', 'DCR') === 'CRD' ? [[n, depth, b, b, h, w], [0, 1, 4, 2, 5, 3]] : [[n, b, b, depth, h, w], [0, 3, 4, 1, 5, 2]];
  return l.reshape(l.transpose(l.reshape(l.input(0), apart), perm), [n, depth, h * b, w * b]);
}

function spaceToDepth(l: Lowering): string {
  const [n, c, h, w] = l.shape(0) as [number, number, number, number];
  const b = l.number('blocksize', 1);
  const apart = l.reshape(l.input(0), [n, c, h / b, b, w / b, b]);
  const perm = l.text('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  return l.reshape(l.transpose(apart, perm), [n, c * b * b, h / b, w / b]);
}

/** Keeps the triangle on and beside diagonal k: column - row >= k above, <= k below. */
function trilu(l: Lowering): string {
  const shape = l.shape(0);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const offset = l.apply('Sub', l.counter(columns, 1, 2), l.counter(rows, 0, 2));
  const k = l.has(1) ? l.reshape(l.input(1), []) : l.builder.constant(0, 'int64');
  const kept = l.apply(l.number('upper', 1) ? 'GreaterOrEqual' : 'LessOrEqual', offset, k);
  return l.apply('Where', kept, l.input(0), l.scalar(0, l.input(0)));
}

export const MOVEMENT: Family = {
  Reshape: reshaped,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (l) => l.transpose(l.input(0), l.list('perm') ?? l.shape(0).map((_, i, all) => all.length - 1 - i)),
  Expand: (l) => l.expand(l.input(0), l.values(1)),
  Concat: (l) => l.concat(l.operands(), l.axisOf(l.opset < 4 ? 1 : undefined)),
  Slice: slice,
  Split: split,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
};
