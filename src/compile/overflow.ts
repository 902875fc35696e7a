import { UserError } from '../ir/errors';
import { typeOf, type Graph, type Node } from '../ir/graph';
import { isFloat, sizeOf, tensorFromBytes, toNumbers, type DType, type Tensor } from '../ir/tensor';
import { INT32, UINT32, type Range } from '../ir/word';

/** Throws a UserError that names the node if 64-bit arithmetic on these inputs may leave the 32 bits that integers have on the GPU. */
export type OverflowCheck = (inputs: Readonly<Record<string, Tensor>>) => void;

/**
 * Follows the range of 64-bit integers from a graph's inputs and constants through its arithmetic (interval arithmetic: what may be, not what is). What
 * is cast from floats, or computed from state, is not known and taken to fit.
 */
export function overflowCheck(graph: Graph): OverflowCheck {
  const wide = graph.nodes.filter(({ outputs }) => is64(typeOf(graph, outputs[0]!).dtype));
  if (!wide.length) return () => undefined;
  const read = new Set(wide.flatMap(({ inputs }) => inputs));
  const constants = [...graph.initializers].flatMap(([name, ref]): [string, Range][] => {
    const { dtype, shape } = typeOf(graph, name);
    return read.has(name) && !isFloat(dtype) && ref.kind === 'bytes' ? [[name, span(tensorFromBytes(ref.dtype, shape, ref.bytes))]] : [];
  });
  return (inputs) => {
    const ranges = new Map<string, Range | undefined>(constants);
    for (const name of graph.inputs) if (read.has(name) && inputs[name] && !isFloat(inputs[name].dtype)) ranges.set(name, span(inputs[name]));
    for (const node of wide) ranges.set(node.outputs[0]!, bounded(graph, node, ranges));
  };
}

const is64 = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

function span(tensor: Tensor): Range {
  const limits = tensor.dtype.startsWith('u') ? UINT32 : INT32;
  let [low, high] = [Infinity, -Infinity];
  for (const value of toNumbers(tensor)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low > high ? [0, 0] : [Math.max(low, limits[0]), Math.min(high, limits[1])];
}

function bounded(graph: Graph, node: Node, ranges: ReadonlyMap<string, Range | undefined>): Range | undefined {
  const range = rangeOf(graph, node, node.inputs.map((name) => (graph.types.get(name)?.dtype === 'bool' ? [0, 1] : ranges.get(name))));
  const [low, high] = typeOf(graph, node.outputs[0]!).dtype === 'int64' ? INT32 : UINT32;
  if (range && (range[0] < low || range[1] > high)) {
    throw new UserError(`${node.op} may make 64-bit integers from ${range[0]} to ${range[1]}, and integers have 32 bits on the GPU`, `node ${node.name}`, 'Use the executor "ort", or feed smaller integers');
  }
  return range;
}

const KEPT: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Expand', 'Slice', 'Gather', 'GatherElements', 'GatherND', 'ReduceMax', 'ReduceMin', 'ReduceMean', 'Cast']);

/** The range of a node's result; undefined where it is not known. */
function rangeOf(graph: Graph, node: Node, operands: readonly (Range | undefined)[]): Range | undefined {
  const [a, b] = operands;
  const shape = (i: number): readonly number[] => typeOf(graph, node.inputs[i]!).shape;
  if (node.op === 'ArgMax' || node.op === 'TopK') return [0, Math.max(0, shape(0)[node.attributes.axis]! - 1)];
  if (node.op === 'Where') return union(operands.slice(1));
  if (node.op === 'Concat') return union(operands);
  if (!a) return undefined;
  if (KEPT.has(node.op)) return a;
  const times = (count: number): Range => [Math.min(0, a[0] * count), Math.max(0, a[1] * count)];
  switch (node.op) {
    case 'Neg': return [-a[1], -a[0]];
    case 'Abs': return [0, Math.max(-a[0], a[1], 0)];
    case 'Sign': return [-1, 1];
    case 'Relu': return [Math.max(0, a[0]), Math.max(0, a[1])];
    case 'Pad': return union([a, [node.attributes.value, node.attributes.value]]);
    case 'ReduceSum': return times(sizeOf(shape(0).filter((_, axis) => node.attributes.axes.includes(axis))));
    default: return b && arithmetic(node.op, a, b, node.op === 'MatMul' ? shape(0).at(-1)! : 1);
  }
}

function arithmetic(op: string, a: Range, b: Range, terms: number): Range | undefined {
  const products = a.flatMap((x) => b.map((y) => x * y * terms));
  const largest = (range: Range): number => Math.max(Math.abs(range[0]), Math.abs(range[1]));
  switch (op) {
    case 'Add': return [a[0] + b[0], a[1] + b[1]];
    case 'Sub': return [a[0] - b[1], a[1] - b[0]];
    case 'Mul': return [Math.min(...products), Math.max(...products)];
    case 'MatMul': return [Math.min(0, ...products), Math.max(0, ...products)];
    case 'Min': return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    case 'Max': return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
    case 'Div': return a[0] < 0 || b[0] < 0 ? [-largest(a), largest(a)] : [0, a[1]];
    case 'Mod': return [a[0] < 0 || b[0] < 0 ? -largest(b) : 0, largest(b)];
    default: return undefined;
  }
}

function union(ranges: readonly (Range | undefined)[]): Range | undefined {
  return ranges.reduce((all, range) => all && range && [Math.min(all[0], range[0]), Math.max(all[1], range[1])]);
}
