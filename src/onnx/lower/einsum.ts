import { sizeOf } from '../../ir/tensor';
import type { Lowering } from './lowering';

/** A value whose axes are labelled; the axes of an ellipsis have the labels 0, 1, ... counted from the right. */
interface Labelled {
  readonly value: string;
  readonly labels: readonly string[];
}

function labelsOf(l: Lowering, term: string, rank: number): string[] {
  const [before, after] = term.split('...') as [string, string?];
  if (after === undefined) {
    if (before.length !== rank) l.fail(`its term "${term}" does not fit a rank of ${rank}`);
    return [...before];
  }
  const free = rank - before.length - after.length;
  if (free < 0) l.fail(`its term "${term}" does not fit a rank of ${rank}`);
  return [...before, ...Array.from({ length: free }, (_, i) => String(free - 1 - i)), ...after];
}

/** Takes the diagonal of axes that share a label. */
function diagonal(l: Lowering, { value, labels }: Labelled): Labelled {
  const first = labels.findIndex((label, i) => labels.indexOf(label, i + 1) >= 0);
  if (first < 0) return { value, labels };
  const second = labels.indexOf(labels[first]!, first + 1);
  const shape = l.shapeOf(value);
  const n = shape[first]!;
  const others = shape.map((_, i) => i).filter((i) => i !== first && i !== second);
  const rest = others.map((i) => shape[i]!);
  const flat = l.reshape(l.transpose(value, [...others, first, second]), [...rest, n * n]);
  return diagonal(l, { value: l.slice(flat, rest.length, 0, n * n, n + 1), labels: [...others.map((i) => labels[i]!), labels[first]!] });
}

function sumOut(l: Lowering, { value, labels }: Labelled, keep: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((label, i) => (keep.has(label) ? [] : [i]));
  return { value: l.reduce('ReduceSum', value, axes, false), labels: labels.filter((label) => keep.has(label)) };
}

/** The axes in the order of `labels`; those that are missing have length 1. */
function arrange(l: Lowering, { value, labels }: Labelled, order: readonly string[]): string {
  const turned = l.transpose(value, order.filter((label) => labels.includes(label)).map((label) => labels.indexOf(label)));
  const shape = l.shapeOf(value);
  return l.reshape(turned, order.map((label) => (labels.includes(label) ? shape[labels.indexOf(label)]! : 1)));
}

/** One product of two operands: a broadcast product, or a matrix product over the labels that end here. */
function multiply(l: Lowering, a: Labelled, b: Labelled, keep: ReadonlySet<string>): Labelled {
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter((label) => keep.has(label));
  const inner = both.filter((label) => !keep.has(label));
  const left = a.labels.filter((label) => !both.includes(label));
  const right = b.labels.filter((label) => !both.includes(label));
  const labels = [...batch, ...left, ...right];
  if (!inner.length) return { value: l.apply('Mul', arrange(l, a, labels), arrange(l, b, labels)), labels };
  const dims = ({ value, labels: own }: Labelled, wanted: readonly string[]): number[] => wanted.map((label) => l.shapeOf(value)[own.indexOf(label)]!);
  const [rows, columns, depth] = [dims(a, left), dims(b, right), sizeOf(dims(a, inner))];
  const A = l.reshape(arrange(l, a, [...batch, ...left, ...inner]), [...dims(a, batch), sizeOf(rows), depth]);
  const B = l.reshape(arrange(l, b, [...batch, ...inner, ...right]), [...dims(b, batch), depth, sizeOf(columns)]);
  const product = l.apply('MatMul', A, B);
  return { value: l.reshape(product, [...l.shapeOf(product).slice(0, batch.length), ...rows, ...columns]), labels };
}

/** Products of pairs from left to right, each summing over the labels that nothing after it reads. */
export function einsum(l: Lowering): string {
  const [left, right] = l.text('equation', '').replace(/\s+/g, '').split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== l.inputs.length) l.fail(`its equation has ${terms.length} terms for ${l.inputs.length} operands`);
  const operands = terms.map((term, i) => diagonal(l, { value: l.input(i), labels: labelsOf(l, term, l.shape(i).length) }));
  const all = operands.flatMap(({ labels }) => labels);
  const ellipsis = [...new Set(all.filter((label) => /\d/.test(label)))].sort((a, b) => Number(b) - Number(a));
  const letters = [...left.replace(/\.\.\.|,/g, '')];
  const implicit = [...ellipsis, ...new Set(letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort())];
  const output = right === undefined ? implicit : right.replace('...', '\n').split('').flatMap((label) => (label === '\n' ? ellipsis : [label]));
  const last = operands.slice(1).reduce((product, operand, i) => {
    const keep = new Set([...output, ...operands.slice(i + 2).flatMap(({ labels }) => labels)]);
    const needed = (other: Labelled): Set<string> => new Set([...keep, ...other.labels]);
    return multiply(l, sumOut(l, product, needed(operand)), sumOut(l, operand, needed(product)), keep);
  }, operands[0]!);
  return arrange(l, sumOut(l, last, new Set(output)), output);
}
