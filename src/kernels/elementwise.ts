import type { Gelu, OpAttributes, OpName } from '../ir/ops';
import type { DType } from '../ir/tensor';
import { literal, scalarOf, type Scalar } from './wgsl';

export type ElementwiseName =
  | 'Abs' | 'Ceil' | 'Cos' | 'Erf' | 'Exp' | 'Floor' | 'IsNaN' | 'Log' | 'Neg' | 'Not' | 'Reciprocal' | 'Relu' | 'Round' | 'Sigmoid' | 'Sign' | 'Sin' | 'Softplus'
  | 'Sqrt' | 'Tanh' | 'Cast' | 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Min' | 'Max' | 'Mod' | 'And' | 'Or' | 'Equal' | 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual' | 'Where'
  | 'Gelu' | 'GeluGrad';

/** WGSL of one element, from the expressions of the operands' elements (names: they may be repeated) and their types. */
type Expression<P extends OpName> = (operands: readonly string[], scalars: readonly Scalar[], attributes: OpAttributes[P]) => string;

const call = (name: string) => ([x]: readonly string[]): string => `${name}(${x})`;
const infix = (operator: string) => ([a, b]: readonly string[]): string => `(${a} ${operator} ${b})`;
/** A predicate, stored as 0 or 1. */
const test = (predicate: (a: string, b: string) => string) => ([a, b]: readonly string[]): string => `select(0u, 1u, ${predicate(a!, b!)})`;
const compare = (operator: string) => test((a, b) => `${a} ${operator} ${b}`);
const extremum = (name: string) => ([a, b]: readonly string[], [scalar]: readonly Scalar[]): string => `${scalar === 'f32' ? `x_${name}` : name}(${a}, ${b})`;

export const EXPRESSIONS: { readonly [P in ElementwiseName]: Expression<P> } = {
  Abs: call('abs'),
  Ceil: call('ceil'),
  Cos: call('x_cos'),
  Erf: call('x_erf'),
  Exp: call('x_exp'),
  Floor: call('floor'),
  IsNaN: test((x) => `is_nan(${x})`),
  Log: call('x_log'),
  Neg: ([x]) => `(-${x})`,
  Not: test((x) => `${x} == 0u`),
  Reciprocal: ([x]) => `(1.0 / ${x})`,
  Relu: ([x], [scalar]) => (scalar === 'f32' ? `select(${x}, 0.0, ${x} <= 0.0)` : `max(${x}, ${scalar}(0))`),
  Round: call('round'),
  Sigmoid: call('x_sigmoid'),
  Sign: call('sign'),
  Sin: call('x_sin'),
  Softplus: ([x]) => `(max(${x}, 0.0) + x_log1p(x_exp(-abs(${x}))))`,
  Sqrt: call('sqrt'),
  Tanh: call('x_tanh'),
  Cast: ([x], [scalar], { to }) => convert(x!, scalar!, to),
  Add: infix('+'),
  Sub: infix('-'),
  Mul: infix('*'),
  Div: infix('/'),
  Pow: ([a, b], [base, exponent]) => {
    if (base === 'f32') return `x_pow(${a}, f32(${b}))`;
    return exponent === 'f32' ? `${base}(x_pow(f32(${a}), ${b}))` : `${base}(i_pow(i32(${a}), i32(${b})))`;
  },
  Min: extremum('min'),
  Max: extremum('max'),
  Mod: ([a, b], [scalar], { fmod }) => {
    if (scalar === 'f32') return `${fmod ? 'x_fmod' : 'x_mod'}(${a}, ${b})`;
    return fmod || scalar === 'u32' ? `(${a} % ${b})` : `(((${a} % ${b}) + ${b}) % ${b})`;
  },
  And: test((a, b) => `${a} != 0u && ${b} != 0u`),
  Or: test((a, b) => `${a} != 0u || ${b} != 0u`),
  Equal: compare('=='),
  Greater: compare('>'),
  GreaterOrEqual: compare('>='),
  Less: compare('<'),
  LessOrEqual: compare('<='),
  Gelu: ([x], _, attributes) => `(${x} * gate_${attributes.approximate}(${inner(x!, attributes)}))`,
  GeluGrad: ([dY, x], _, attributes) => `(${dY} * gelu_slope(${x}, gate_slope_${attributes.approximate}(${inner(x!, attributes)}), ${literal(attributes.scale, 'f32')} * ${polynomial(x!, 3 * attributes.cubic)}))`,
  Where: ([condition, a, b]) => `select(${b}, ${a}, ${condition} != 0u)`,
};

/** 1 + c x^2 */
const polynomial = (x: string, c: number): string => (c === 0 ? '1.0' : `(1.0 + ${literal(c, 'f32')} * ${x} * ${x})`);

/** z of Gelu. */
const inner = (x: string, { scale, cubic }: Gelu): string => `${literal(scale, 'f32')} * ${x} * ${polynomial(x, cubic)}`;

export function isElementwise(op: OpName): op is ElementwiseName {
  return op in EXPRESSIONS;
}

function convert(x: string, from: Scalar, to: DType): string {
  if (to === 'bool') return `select(0u, 1u, ${x} != ${from}(0))`;
  if (to === 'uint8') return `(u32(i32(${x})) & 255u)`;
  return from === scalarOf(to) ? x : `${scalarOf(to)}(${x})`;
}
