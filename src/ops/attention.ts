import { UserError } from '../ir/errors';
import { describe } from '../ir/tensor';
import type { Emit, FunctionRule } from './rule';

const none = {};
const matmul = (emit: Emit, a: string, b: string): string => emit.add('MatMul', [a, b], none);
const scaled = (emit: Emit, value: string, scale: number): string => (scale === 1 ? value : emit.add('Mul', [value, emit.constant(scale, emit.type(value).dtype)], none));

/** The last two axes swapped. */
function transposed(emit: Emit, value: string): string {
  const rank = emit.type(value).shape.length;
  return emit.add('Transpose', [value], { perm: Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)) });
}

/** Calls `f` with blocks of at most `rows` of the last axis but one: with a function that cuts a value so. */
function inBlocks<T>(emit: Emit, length: number, rows: number, f: (cut: (value: string) => string) => T): T[] {
  return Array.from({ length: Math.max(1, Math.ceil(length / rows)) }, (_, i) => {
    const [from, to] = [i * rows, Math.min(length, (i + 1) * rows)];
    return f((value) => {
      const { shape } = emit.type(value);
      const along = (edge: number, other: (dim: number) => number): number[] => shape.map((dim, axis) => (axis === shape.length - 2 ? edge : other(dim)));
      return from === 0 && to === length ? value : emit.add('Slice', [value], { starts: along(from, () => 0), ends: along(to, (dim) => dim), steps: shape.map(() => 1) });
    });
  });
}

function joined(emit: Emit, blocks: readonly string[]): string {
  return blocks.length === 1 ? blocks[0]! : emit.add('Concat', blocks, { axis: emit.type(blocks[0]!).shape.length - 2 });
}

/** P = softmax(scale Q K) [..., rows, m] */
function weights(emit: Emit, q: string, k: string, scale: number): string {
  const logits = scaled(emit, matmul(emit, q, k), scale);
  return emit.add('Softmax', [logits], { axis: emit.type(logits).shape.length - 1 });
}

// Y = P V.  dV = P^T dY,  dS = scale P (dP - sum(dP P)) with dP = dY V^T,  dQ = dS K^T,  dK = Q^T dS
const Attention: FunctionRule<'Attention'> = {
  infer: (operands) => {
    const [q, k, v] = operands.map((operand) => operand!.shape) as [readonly number[], readonly number[], readonly number[]];
    const batches = [q, k, v].map((shape) => shape.slice(0, -2).join());
    if (q.length < 2 || q.at(-1) !== k.at(-2) || k.at(-1) !== v.at(-2) || new Set(batches).size > 1 || k.length !== q.length || v.length !== q.length) {
      throw new UserError(`Attention cannot combine ${operands.map(describe).join(', ')}`, '', 'Give queries [..., n, d], keys [..., d, m] and values [..., m, e]');
    }
    return { dtype: operands[0]!.dtype, shape: [...q.slice(0, -1), v.at(-1)!] };
  },
  body: (emit, inputs, { scale, rows }) => {
    const [q, k, v] = inputs as [string, string, string];
    return joined(emit, inBlocks(emit, emit.type(q).shape.at(-2)!, rows, (cut) => matmul(emit, weights(emit, cut(q), k, scale), v)));
  },
  vjp: ({ emit, inputs, attributes: { scale, rows }, cotangent, wants }) => {
    const [q, k, v] = inputs as [string, string, string];
    const parts = inBlocks(emit, emit.type(q).shape.at(-2)!, rows, (cut) => {
      const [dY, p] = [cut(cotangent), weights(emit, cut(q), k, scale)];
      const dV = wants(2) ? matmul(emit, transposed(emit, p), dY) : undefined;
      if (!wants(0) && !wants(1)) return { dV };
      const dS = emit.add('SoftmaxGrad', [matmul(emit, dY, transposed(emit, v)), p], { axis: emit.type(p).shape.length - 1 });
      return {
        dQ: wants(0) ? scaled(emit, matmul(emit, dS, transposed(emit, k)), scale) : undefined,
        dK: wants(1) ? scaled(emit, matmul(emit, transposed(emit, cut(q)), dS), scale) : undefined,
        dV,
      };
    });
    const sum = (of: 'dK' | 'dV'): string | undefined => parts.map((part) => part[of]).reduce((a, b) => a && b && emit.add('Add', [a, b], none));
    return [wants(0) ? joined(emit, parts.map(({ dQ }) => dQ!)) : undefined, sum('dK'), sum('dV')];
  },
  cases: [
    { shapes: [[2, 3, 4], [2, 4, 5], [2, 5, 2]], attributes: { scale: 0.5, rows: 3 } },
    { shapes: [[5, 2], [2, 3], [3, 4]], attributes: { scale: 1, rows: 2 } },
    { shapes: [[1, 2, 1, 3], [1, 2, 3, 1], [1, 2, 1, 3]], attributes: { scale: 0.7, rows: 1 } },
  ],
};

export const ATTENTION_FUNCTIONS = { Attention };
