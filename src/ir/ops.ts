import type { DType } from './tensor';

/**
 * The operators of the IR and their attributes. An IR node is an ONNX node (opset {@link OPSET}) whose static operands (shapes, axes, pads) have
 * become attributes and whose axes are resolved: 0 <= axis < rank. All dimensions are concrete. Operators under FUNCTIONS belong to the domain
 * `ai.seebetter`: their body over the other operators defines them. Every operator has one output.
 */
export const OPSET = 20;

type None = Record<never, never>;

export interface Convolution {
  readonly strides: readonly number[];
  /** ONNX order: all begins, then all ends. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

export interface Reduction {
  readonly axes: readonly number[];
  readonly keepdims: boolean;
}

export type ScatterReduction = 'none' | 'add' | 'mul' | 'max' | 'min';

export interface PrimitiveAttributes {
  // element by element, one operand
  Abs: None; Ceil: None; Cos: None; Erf: None; Exp: None; Floor: None; IsNaN: None; Log: None; Neg: None; Not: None;
  Reciprocal: None; Relu: None; Round: None; Sigmoid: None; Sign: None; Sin: None; Softplus: None; Sqrt: None; Tanh: None;
  Cast: { readonly to: DType };
  // element by element, operands broadcast as in NumPy
  Add: None; Sub: None; Mul: None; Div: None; Pow: None; Min: None; Max: None;
  /** fmod: the sign follows the dividend (C); otherwise the divisor (Python). */
  Mod: { readonly fmod: boolean };
  And: None; Or: None; Equal: None; Greater: None; GreaterOrEqual: None; Less: None; LessOrEqual: None;
  /** condition, then, else */
  Where: None;
  // movement
  Reshape: { readonly shape: readonly number[] };
  Transpose: { readonly perm: readonly number[] };
  Expand: { readonly shape: readonly number[] };
  /** One start, end and step for every axis, clamped: the axis yields ceil((end - start) / step) elements; end is -1 where a negative step runs past index 0. */
  Slice: { readonly starts: readonly number[]; readonly ends: readonly number[]; readonly steps: readonly number[] };
  Concat: { readonly axis: number };
  /** Constant padding, ONNX order (all begins, then all ends); negative pads crop. */
  Pad: { readonly pads: readonly number[]; readonly value: number };
  // indexing; negative indices count from the end
  Gather: { readonly axis: number };
  GatherElements: { readonly axis: number };
  GatherND: { readonly batchDims: number };
  ScatterElements: { readonly axis: number; readonly reduction: ScatterReduction };
  ScatterND: { readonly reduction: ScatterReduction };
  // reductions
  ReduceSum: Reduction; ReduceMean: Reduction; ReduceMax: Reduction; ReduceMin: Reduction; ReduceProd: Reduction;
  /** int64 output */
  ArgMax: { readonly axis: number; readonly keepdims: boolean; readonly selectLastIndex: boolean };
  /** Indices (int64) of the k largest or smallest elements along an axis, best first; of equal ones the first comes first. */
  TopK: { readonly axis: number; readonly k: number; readonly largest: boolean };
  // contractions
  MatMul: None;
  /** X [N,C,...], W [M,C/group,...], optional B [M] */
  Conv: Convolution;
  /** X [N,C,...], W [C,M/group,...], optional B [M] */
  ConvTranspose: Convolution & { readonly outputPadding: readonly number[] };
  Softmax: { readonly axis: number };
}

export interface Gelu {
  readonly approximate: 'none' | 'tanh' | 'sigmoid';
  readonly scale: number;
  readonly cubic: number;
}

export interface FunctionAttributes {
  /** (x - mean) / sqrt(variance + epsilon) over all axes from `axis` on: the common part of layer, group and instance normalisation. */
  Normalize: { readonly axis: number; readonly epsilon: number };
  /** Gradient of Normalize towards x; inputs dY, X. */
  NormalizeGrad: { readonly axis: number; readonly epsilon: number };
  /**
   * x/2 (1 + erf(z)) ('none'), x/2 (1 + tanh(z)) ('tanh') or x sigmoid(z) ('sigmoid': QuickGELU, and SiLU with a scale of 1), where z = scale (x + cubic x^3).
   */
  Gelu: Gelu;
  /** Gradient of Gelu towards x; inputs dY, X. */
  GeluGrad: Gelu;
  /**
   * softmax(scale Q K) V of queries [..., n, d], keys [..., d, m] and values [..., m, e]. At most `rows` queries are worked on at once, and the gradient
   * makes the weights [..., n, m] again: a step keeps none of them.
   */
  Attention: { readonly scale: number; readonly rows: number };
  /** Gradient of Softmax; inputs dY, Y. */
  SoftmaxGrad: { readonly axis: number };
  /** Gradient of Conv towards its weight; inputs dY, X. `kernel`: the weight's spatial shape. */
  ConvWeightGrad: Convolution & { readonly kernel: readonly number[] };
}

export interface OpAttributes extends PrimitiveAttributes, FunctionAttributes {}

export type PrimitiveName = keyof PrimitiveAttributes;
export type FunctionName = keyof FunctionAttributes;
export type OpName = keyof OpAttributes;

export const FUNCTIONS: { readonly [F in FunctionName]: true } = { Normalize: true, NormalizeGrad: true, Gelu: true, GeluGrad: true, Attention: true, SoftmaxGrad: true, ConvWeightGrad: true };

export function isFunction(op: OpName): op is FunctionName {
  return op in FUNCTIONS;
}
