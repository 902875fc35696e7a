import type { Graph, Node, WeightRef } from '../ir/graph';
import type { OpName } from '../ir/ops';
import type { TensorType } from '../ir/tensor';
import type { ElementwiseName } from '../kernels/elementwise';
import type { View } from '../kernels/kernel';
import type { Scalar } from '../kernels/wgsl';

/** A dense buffer of the plan: a graph input, a weight, or what a step makes. */
export interface Root {
  readonly name: string;
  readonly type: TensorType;
  readonly origin: 'input' | 'step' | WeightRef;
}

/** A value read where it lies: some elements of a root. */
export interface Located {
  readonly root: Root;
  readonly view: View;
}

/** An elementwise chain, as a directed graph of shared expressions over elements of one row-major index. */
export type Expression =
  | { readonly kind: 'leaf'; readonly source: Located; readonly scalar: Scalar }
  | { readonly kind: 'constant'; readonly value: number; readonly scalar: Scalar }
  | { readonly kind: 'apply'; readonly op: ElementwiseName; readonly operands: readonly Expression[]; readonly attributes: Node['attributes']; readonly scalar: Scalar };

export type Step =
  | { readonly kind: 'pointwise'; readonly label: string; readonly result: Root; readonly value: Expression }
  | { readonly kind: 'node'; readonly label: string; readonly result: Root; readonly op: OpName; readonly attributes: Node['attributes']; readonly operands: readonly (Located | undefined)[]; readonly epilogue?: Epilogued };

export type ContractionName = 'MatMul' | 'Conv' | 'ConvTranspose' | 'ConvWeightGrad';

/** Operators that are products of two operands, which pointwise chains may end. */
export function isContraction(op: OpName): op is ContractionName {
  return op === 'MatMul' || op === 'Conv' || op === 'ConvTranspose' || op === 'ConvWeightGrad';
}

/** A pointwise chain that ends a contraction: `product` stands for the contraction's own result. */
export interface Epilogued {
  readonly product: Root;
  readonly value: Expression;
}

export interface Lowered {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly outputs: ReadonlyMap<string, Root>;
  readonly inputs: ReadonlyMap<string, Root>;
}

/** The distinct leaves of an expression, in order of appearance. */
export function leavesOf(value: Expression): Extract<Expression, { kind: 'leaf' }>[] {
  const seen = new Set<Expression>();
  const leaves: Extract<Expression, { kind: 'leaf' }>[] = [];
  const visit = (at: Expression): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (at.kind === 'leaf') leaves.push(at);
    if (at.kind === 'apply') at.operands.forEach(visit);
  };
  visit(value);
  return leaves;
}

export function rootsRead(step: Step): Root[] {
  const own = step.kind === 'pointwise' ? leavesOf(step.value) : step.epilogue ? leavesOf(step.epilogue.value) : [];
  const operands = step.kind === 'node' ? step.operands.flatMap((operand) => (operand ? [operand.root] : [])) : [];
  const product = step.kind === 'node' ? step.epilogue?.product : undefined;
  return [...new Set([...operands, ...own.map(({ source }) => source.root).filter((root) => root !== product)])];
}
