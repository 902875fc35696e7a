import type { FunctionName, OpAttributes, OpName, PrimitiveName } from '../ir/ops';
import type { Tensor, TensorType } from '../ir/tensor';

/** Emits IR nodes; every call infers the type of what it makes. */
export interface Emit {
  /** Adds a node and returns the name of its output. */
  add<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P]): string;
  /** A constant: a tensor, or a number as a float32 scalar (of another dtype if given). */
  constant(value: Tensor | number, dtype?: TensorType['dtype']): string;
  type(value: string): TensorType;
}

/** The differentiated node, as a rule sees it. */
export interface VjpContext<P extends OpName> {
  readonly emit: Emit;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Gradient of the scalar towards the node's output, in the output's shape. */
  readonly cotangent: string;
  readonly attributes: OpAttributes[P];
  /** Whether the gradient towards input i is wanted: a rule need not make the others. */
  wants(input: number): boolean;
}

/**
 * One gradient per input (undefined where it is zero or not wanted). Rules of broadcasting operators return gradients in the output's shape:
 * the sweep sums them back to the operand's shape.
 */
export type Vjp<P extends OpName> = (context: VjpContext<P>) => readonly (string | undefined)[];

/** A sample invocation, from which forward checks and central differences are generated. */
export interface Case<P extends OpName> {
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: OpAttributes[P];
  /** Range of the random operands, for functions with poles or kinks; default [-2, 2]. */
  readonly range?: readonly [number, number];
  /** Operands that are integers, with their values. */
  readonly integers?: Readonly<Record<number, readonly number[]>>;
}

export interface Rule<P extends OpName> {
  /** Throws a UserError that names the shapes if the operands do not fit. */
  infer(inputs: readonly (TensorType | undefined)[], attributes: OpAttributes[P]): TensorType;
  /** null: the output carries no gradient (integers, booleans, step functions). */
  readonly vjp: Vjp<P> | null;
  /** At least one; checked on every executor by a generated test. */
  readonly cases: readonly Case<P>[];
}

export interface PrimitiveRule<P extends PrimitiveName> extends Rule<P> {
  /** The definition, in float64. `shapes` belong to `inputs`; an absent optional operand is undefined. */
  reference(inputs: readonly (ReferenceValue | undefined)[], attributes: OpAttributes[P], output: TensorType): Float64Array;
}

export interface ReferenceValue extends TensorType {
  readonly data: Float64Array;
}

export interface FunctionRule<F extends FunctionName> extends Rule<F> {
  /** The definition, over other operators; returns the output's name. */
  body(emit: Emit, inputs: readonly string[], attributes: OpAttributes[F]): string;
}
