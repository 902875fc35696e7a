import { isFunction, type FunctionName, type OpAttributes, type OpName, type PrimitiveName } from '../ir/ops';
import type { TensorType } from '../ir/tensor';
import { ACTIVATION_FUNCTIONS } from './activation';
import { ATTENTION_FUNCTIONS } from './attention';
import { CONTRACTION, CONTRACTION_FUNCTIONS } from './contraction';
import { ELEMENTWISE } from './elementwise';
import { INDEXING } from './indexing';
import { MOVEMENT } from './movement';
import { NORMALIZE_FUNCTIONS, Softmax } from './normalize';
import { ArgMax, REDUCE, TopK } from './reduce';
import type { FunctionRule, PrimitiveRule, Rule } from './rule';

export const PRIMITIVES: { readonly [P in PrimitiveName]: PrimitiveRule<P> } = { ...ELEMENTWISE, ...MOVEMENT, ...INDEXING, ...REDUCE, ArgMax, TopK, ...CONTRACTION, Softmax };

export const FUNCTION_RULES: { readonly [F in FunctionName]: FunctionRule<F> } = { ...NORMALIZE_FUNCTIONS, ...ACTIVATION_FUNCTIONS, ...ATTENTION_FUNCTIONS, ...CONTRACTION_FUNCTIONS };

export function ruleOf<P extends OpName>(op: P): Rule<P> {
  return (isFunction(op) ? FUNCTION_RULES[op] : PRIMITIVES[op as PrimitiveName]) as unknown as Rule<P>;
}

export function inferType<P extends OpName>(op: P, inputs: readonly (TensorType | undefined)[], attributes: OpAttributes[P]): TensorType {
  return ruleOf(op).infer(inputs, attributes);
}

/** How many operands an operator needs at least: as many as all of its cases have. */
export function operandsOf(op: OpName): number {
  return Math.min(...ruleOf(op).cases.map(({ shapes }) => shapes.length));
}
