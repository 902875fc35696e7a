import { isFloat, sizeOf } from '../../ir/tensor';
import { rangeOf, type Family, type Lower, type Lowering } from './lowering';

type ReduceName = Parameters<Lowering['reduce']>[0];

interface Parts {
  readonly before?: (l: Lowering, x: string) => string;
  readonly after?: (l: Lowering, total: string) => string;
}

/** The axes to reduce; none where the node says that an empty list means none. */
function axesOf(l: Lowering): readonly number[] {
  const rank = l.shape(0).length;
  const given = l.listOrOperand('axes', 1);
  if (!given?.length) return l.flag('noop_with_empty_axes') ? [] : l.shape(0).map((_, i) => i);
  return given.map((axis) => l.axis(axis, rank)).sort((a, b) => a - b);
}

/** What an empty set reduces to, in a dtype. */
function neutral(op: ReduceName, l: Lowering, value: string): number {
  const [low, high] = rangeOf(l.builder.type(value).dtype);
  return { ReduceSum: 0, ReduceMean: NaN, ReduceMax: low, ReduceMin: high, ReduceProd: 1 }[op];
}

function total(l: Lowering, op: ReduceName, value: string, axes: readonly number[], keepdims: boolean): string {
  const { shape, dtype } = l.builder.type(value);
  if (axes.some((axis) => shape[axis] === 0)) return l.expand(l.scalar(neutral(op, l, value), value), shape.flatMap((dim, i) => (!axes.includes(i) ? [dim] : keepdims ? [1] : [])));
  return dtype === 'bool' ? l.cast(l.reduce(op, l.cast(value, 'int32'), axes, keepdims), 'bool') : l.reduce(op, value, axes, keepdims);
}

function reduction(op: ReduceName, { before = (_, x) => x, after = (_, y) => y }: Parts = {}): Lower {
  return (l) => after(l, total(l, op, before(l, l.input(0)), axesOf(l), l.number('keepdims', 1) !== 0));
}

const square = (l: Lowering, x: string): string => l.apply('Mul', x, x);
const absolute = (l: Lowering, x: string): string => l.apply('Abs', x);
const log = (l: Lowering, x: string): string => l.apply('Log', x);

/** The largest value along axes, 0 where it is infinite: what is subtracted before an exponential. */
export function peak(l: Lowering, x: string, axes: readonly number[]): string {
  const most = l.reduce('ReduceMax', x, axes);
  return l.apply('Where', l.apply('Equal', l.apply('Abs', most), l.scalar(Infinity, x)), l.scalar(0, x), most);
}

// m + log(sum exp(x - m)),  m = max(x)
function logSumExp(l: Lowering): string {
  const axes = axesOf(l);
  const x = l.input(0);
  const keepdims = l.number('keepdims', 1) !== 0;
  if (axes.some((axis) => l.shape(0)[axis] === 0)) return log(l, total(l, 'ReduceSum', x, axes, keepdims));
  const most = peak(l, x, axes);
  const y = l.apply('Add', log(l, l.reduce('ReduceSum', l.apply('Exp', l.apply('Sub', x, most)), axes)), most);
  return keepdims ? y : l.reshape(y, l.shape(0).filter((_, i) => !axes.includes(i)));
}

/** Before operator set 13 the axis divided the tensor into a matrix, whose rows were treated each as a whole. */
function rows(along: (l: Lowering, x: string, axis: number) => string): Lower {
  return (l) => {
    const shape = l.shape(0);
    const axis = l.axisOf(l.opset < 13 ? 1 : -1);
    if (l.opset >= 13 || axis === shape.length - 1) return along(l, l.input(0), axis);
    return l.reshape(along(l, l.reshape(l.input(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]), 1), shape);
  };
}

// x - m - log(sum exp(x - m))
function logSoftmax(l: Lowering, x: string, axis: number): string {
  const centred = l.apply('Sub', x, peak(l, x, [axis]));
  return l.apply('Sub', centred, log(l, l.reduce('ReduceSum', l.apply('Exp', centred), [axis])));
}

/** 1 at the first largest element of each row, 0 elsewhere. */
function hardmax(l: Lowering, x: string, axis: number): string {
  const first = l.add('ArgMax', [x], { axis, keepdims: true, selectLastIndex: false });
  const { shape, dtype } = l.builder.type(x);
  return l.cast(l.apply('Equal', first, l.counter(shape[axis]!, axis, shape.length)), dtype);
}

function argMax(turn: (l: Lowering, x: string) => string): Lower {
  return (l) => l.add('ArgMax', [turn(l, l.input(0))], { axis: l.axisOf(0), keepdims: l.number('keepdims', 1) !== 0, selectLastIndex: l.flag('select_last_index') });
}

/** Integers are turned round by their complement, which cannot overflow. */
const opposite = (l: Lowering, x: string): string => (isFloat(l.builder.type(x).dtype) ? l.apply('Neg', x) : l.apply('Sub', l.scalar(rangeOf(l.builder.type(x).dtype)[0] === 0 ? rangeOf(l.builder.type(x).dtype)[1] : -1, x), x));

/** Running sums in log2(n) steps: each adds what stands 1, 2, 4, ... places before. */
function cumSum(l: Lowering): string {
  const shape = l.shape(0);
  const axis = l.axis(l.values(1)[0]!, shape.length);
  const length = shape[axis]!;
  const reverse = l.flag('reverse');
  const shifted = (value: string, by: number): string => {
    const kept = reverse ? l.slice(value, axis, by, length) : l.slice(value, axis, 0, length - by);
    const pads = [...shape, ...shape].map((_, i) => (i === (reverse ? axis + shape.length : axis) ? by : 0));
    return l.add('Pad', [kept], { pads, value: 0 });
  };
  let value = l.input(0);
  for (let by = 1; by < length; by *= 2) value = l.apply('Add', value, shifted(value, by));
  return l.flag('exclusive') && length > 0 ? shifted(value, 1) : value;
}

function topK(l: Lowering): readonly string[] {
  const axis = l.axisOf(-1);
  const k = l.has(1) ? l.values(1)[0]! : l.number('k', 1);
  if (k > l.shape(0)[axis]!) l.fail(`it wants ${k} of ${l.shape(0)[axis]} elements`);
  // ONNX Runtime divides by zero over an empty tensor.
  const empty = l.shape(0).map((dim, i) => (i === axis ? k : dim));
  if (sizeOf(empty) === 0) return [l.expand(l.scalar(0, l.input(0)), empty), l.expand(l.builder.constant(0, 'int64'), empty)];
  const indices = l.add('TopK', [l.input(0)], { axis, k, largest: l.number('largest', 1) !== 0 });
  return [l.add('GatherElements', [l.input(0), indices], { axis }), indices];
}

export const REDUCTIONS: Family = {
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMax: reduction('ReduceMax'),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceL1: reduction('ReduceSum', { before: absolute }),
  ReduceL2: reduction('ReduceSum', { before: square, after: (l, y) => l.apply('Sqrt', y) }),
  ReduceSumSquare: reduction('ReduceSum', { before: square }),
  ReduceLogSum: reduction('ReduceSum', { after: log }),
  ReduceLogSumExp: logSumExp,
  ArgMax: argMax((_, x) => x),
  ArgMin: argMax(opposite),
  Softmax: rows((l, x, axis) => l.add('Softmax', [x], { axis })),
  LogSoftmax: rows(logSoftmax),
  Hardmax: rows(hardmax),
  CumSum: cumSum,
  TopK: topK,
};
