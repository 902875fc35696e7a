import type { OpAttributes, PrimitiveName } from '../ir/ops';
import { describe, tensorFrom, toNumbers, type DType } from '../ir/tensor';
import { UserError, unreachable } from '../ir/errors';
import { broadcastShapes, broadcastStrides, walk } from './broadcast';
import { erf } from './erf';
import type { Case, Emit, PrimitiveRule, Vjp } from './rule';

type UnaryName = 'Abs' | 'Ceil' | 'Cos' | 'Erf' | 'Exp' | 'Floor' | 'IsNaN' | 'Log' | 'Neg' | 'Not' | 'Reciprocal' | 'Relu' | 'Round' | 'Sigmoid' | 'Sign' | 'Sin' | 'Softplus' | 'Sqrt' | 'Tanh';
type BinaryName = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Min' | 'Max' | 'And' | 'Or' | 'Equal' | 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual';
export type ElementwiseName = UnaryName | BinaryName | 'Mod' | 'Cast' | 'Where';

const none = {};
const mul = (e: Emit, a: string, b: string): string => e.add('Mul', [a, b], none);
const scalarLike = (e: Emit, value: number, like: string): string => e.constant(value, e.type(like).dtype);

/** Gradient of a function of one operand: dX = dY * slope(x, y). */
function slope<P extends UnaryName>(derivative: (e: Emit, x: string, y: string) => string): Vjp<P> {
  return ({ emit, inputs, output, cotangent }) => [mul(emit, cotangent, derivative(emit, inputs[0]!, output))];
}

function unary<P extends UnaryName>(f: (x: number) => number, vjp: Vjp<P> | null, options: { range?: readonly [number, number]; bool?: boolean } = {}): PrimitiveRule<P> {
  const sample: Case<P> = { shapes: [[2, 3]], attributes: none as OpAttributes[P], ...(options.range && { range: options.range }) };
  return {
    infer: ([x]) => ({ dtype: options.bool ? 'bool' : x!.dtype, shape: x!.shape }),
    reference: ([x]) => x!.data.map(f),
    vjp,
    cases: [sample],
  };
}

const AWAY_FROM_ZERO = [0.3, 2] as const;

const UNARY: { readonly [P in UnaryName]: PrimitiveRule<P> } = {
  // |x|' = sign(x)
  Abs: unary(Math.abs, slope((e, x) => e.add('Sign', [x], none)), { range: AWAY_FROM_ZERO }),
  Ceil: unary(Math.ceil, null),
  // cos'(x) = -sin(x)
  Cos: unary(Math.cos, slope((e, x) => e.add('Neg', [e.add('Sin', [x], none)], none))),
  // erf'(x) = 2 / sqrt(pi) * exp(-x^2)
  Erf: unary(erf, slope((e, x) => mul(e, e.add('Exp', [e.add('Neg', [mul(e, x, x)], none)], none), scalarLike(e, 2 / Math.sqrt(Math.PI), x)))),
  // exp'(x) = y
  Exp: unary(Math.exp, slope((_, __, y) => y)),
  Floor: unary(Math.floor, null),
  IsNaN: unary((x) => Number(Number.isNaN(x)), null, { bool: true }),
  // log'(x) = 1 / x
  Log: unary(Math.log, slope((e, x) => e.add('Reciprocal', [x], none)), { range: AWAY_FROM_ZERO }),
  // (-x)' = -1
  Neg: unary((x) => -x, ({ emit, cotangent }) => [emit.add('Neg', [cotangent], none)]),
  Not: unary((x) => Number(!x), null, { bool: true }),
  // (1 / x)' = -y^2
  Reciprocal: unary((x) => 1 / x, slope((e, _, y) => e.add('Neg', [mul(e, y, y)], none)), { range: AWAY_FROM_ZERO }),
  // relu'(x) = 1 where x > 0
  Relu: unary(
    (x) => (x > 0 ? x : Number.isNaN(x) ? x : 0),
    ({ emit, inputs, cotangent }) => {
      const zero = scalarLike(emit, 0, inputs[0]!);
      return [emit.add('Where', [emit.add('Greater', [inputs[0]!, zero], none), cotangent, zero], none)];
    },
    { range: AWAY_FROM_ZERO },
  ),
  Round: unary(roundHalfEven, null),
  // sigmoid'(x) = y (1 - y)
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), slope((e, _, y) => mul(e, y, e.add('Sub', [scalarLike(e, 1, y), y], none)))),
  Sign: unary(Math.sign, null),
  // sin'(x) = cos(x)
  Sin: unary(Math.sin, slope((e, x) => e.add('Cos', [x], none))),
  // softplus'(x) = sigmoid(x)
  Softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope((e, x) => e.add('Sigmoid', [x], none))),
  // sqrt'(x) = 1 / (2 y)
  Sqrt: unary(Math.sqrt, slope((e, _, y) => e.add('Div', [scalarLike(e, 0.5, y), y], none)), { range: AWAY_FROM_ZERO }),
  // tanh'(x) = 1 - y^2
  Tanh: unary(Math.tanh, slope((e, _, y) => e.add('Sub', [scalarLike(e, 1, y), mul(e, y, y)], none))),
};

function binary<P extends BinaryName | 'Mod'>(
  op: P,
  f: (a: number, b: number, attributes: OpAttributes[P], integer: boolean) => number,
  vjp: Vjp<P> | null,
  cases: readonly Case<P>[],
  result?: 'bool',
): PrimitiveRule<P> {
  return {
    infer: ([a, b]) => {
      // ONNX lets the exponent have a type of its own.
      if (a!.dtype !== b!.dtype && op !== 'Pow') throw new UserError(`${op} cannot combine ${describe(a)} with ${describe(b)}`, '', 'Cast one operand to the type of the other');
      return { dtype: result ?? a!.dtype, shape: broadcastShapes(op, [a!.shape, b!.shape]) };
    },
    reference: ([a, b], attributes, output) => {
      const out = new Float64Array(output.shape.reduce((x, y) => x * y, 1));
      const integer = /int/.test(a!.dtype);
      walk(output.shape, broadcastStrides(a!.shape, output.shape), (position, i) => (out[i] = a!.data[position]!));
      walk(output.shape, broadcastStrides(b!.shape, output.shape), (position, i) => (out[i] = f(out[i]!, b!.data[position]!, attributes, integer)));
      return out;
    },
    vjp,
    cases,
  };
}

function broadcasting<P extends PrimitiveName>(attributes: OpAttributes[P], range?: readonly [number, number]): Case<P>[] {
  return [[[2, 3], [2, 3]], [[2, 3, 4], [3, 1]], [[1, 4], [3, 1]], [[], [5]]].map((shapes) => ({ shapes, attributes, ...(range && { range }) }));
}

/** Gradient goes to whichever operand was chosen; half to each at a tie, as torch does. */
function extremum<P extends 'Min' | 'Max'>(better: 'Less' | 'Greater'): Vjp<P> {
  return ({ emit, inputs, cotangent, wants }) => {
    const [a, b] = inputs as [string, string];
    const zero = scalarLike(emit, 0, a);
    const shared = emit.add('Where', [emit.add('Equal', [a, b], none), mul(emit, cotangent, scalarLike(emit, 0.5, a)), zero], none);
    const won = (x: string, y: string): string => emit.add('Where', [emit.add(better, [x, y], none), cotangent, shared], none);
    return [wants(0) ? won(a, b) : undefined, wants(1) ? won(b, a) : undefined];
  };
}

const BINARY: { readonly [P in BinaryName | 'Mod']: PrimitiveRule<P> } = {
  // d(a + b) = da + db
  Add: binary('Add', (a, b) => a + b, ({ cotangent }) => [cotangent, cotangent], broadcasting<'Add'>(none)),
  // d(a - b) = da - db
  Sub: binary('Sub', (a, b) => a - b, ({ emit, cotangent, wants }) => [cotangent, wants(1) ? emit.add('Neg', [cotangent], none) : undefined], broadcasting<'Sub'>(none)),
  // d(a b) = b da + a db
  Mul: binary(
    'Mul',
    (a, b) => a * b,
    ({ emit, inputs, cotangent, wants }) => [wants(0) ? mul(emit, cotangent, inputs[1]!) : undefined, wants(1) ? mul(emit, cotangent, inputs[0]!) : undefined],
    broadcasting<'Mul'>(none),
  ),
  // d(a / b) = da / b - (y / b) db
  Div: binary(
    'Div',
    (a, b, _, integer) => (integer ? Math.trunc(a / b) : a / b),
    ({ emit, inputs, output, cotangent, wants }) => {
      const scaled = emit.add('Div', [cotangent, inputs[1]!], none);
      return [scaled, wants(1) ? emit.add('Neg', [mul(emit, scaled, output)], none) : undefined];
    },
    broadcasting<'Div'>(none, AWAY_FROM_ZERO),
  ),
  // d(a^b) = b a^(b-1) da + log(a) y db, the second 0 where a = 0
  Pow: binary(
    'Pow',
    (a, b) => a ** b,
    ({ emit, inputs, output, cotangent, wants }) => {
      const [a, b] = inputs as [string, string];
      const exponent = emit.add('Sub', [b, scalarLike(emit, 1, b)], none);
      const zero = scalarLike(emit, 0, a);
      const base = (): string => {
        const raw = mul(emit, cotangent, mul(emit, emit.add('Cast', [b], { to: emit.type(a).dtype }), emit.add('Pow', [a, exponent], none)));
        return emit.add('Where', [emit.add('Equal', [b, scalarLike(emit, 0, b)], none), zero, raw], none);
      };
      const power = (): string => {
        const raw = mul(emit, cotangent, mul(emit, output, emit.add('Log', [a], none)));
        return emit.add('Where', [emit.add('Equal', [a, zero], none), zero, raw], none);
      };
      return [wants(0) ? base() : undefined, wants(1) ? power() : undefined];
    },
    broadcasting<'Pow'>(none, AWAY_FROM_ZERO),
  ),
  Min: binary('Min', (a, b) => Math.min(a, b), extremum<'Min'>('Less'), broadcasting<'Min'>(none)),
  Max: binary('Max', (a, b) => Math.max(a, b), extremum<'Max'>('Greater'), broadcasting<'Max'>(none)),
  // y = a - q b with a whole q:  dy = da - q db
  Mod: binary(
    'Mod',
    (a, b, { fmod }) => (fmod || (a % b < 0) === (b < 0) || a % b === 0 ? a % b : (a % b) + b),
    ({ emit, inputs, output, cotangent, wants }) => {
      const [a, b] = inputs as [string, string];
      const quotient = (): string => emit.add('Round', [emit.add('Div', [emit.add('Sub', [a, output], none), b], none)], none);
      return [cotangent, wants(1) ? emit.add('Neg', [mul(emit, cotangent, quotient())], none) : undefined];
    },
    [{ shapes: [[2, 3], [2, 3]], attributes: { fmod: true }, range: [1.1, 1.9] }, { shapes: [[3, 1], [4]], attributes: { fmod: true }, range: [1.1, 1.9] }],
  ),
  And: binary('And', (a, b) => Number(a !== 0 && b !== 0), null, broadcasting<'And'>(none), 'bool'),
  Or: binary('Or', (a, b) => Number(a !== 0 || b !== 0), null, broadcasting<'Or'>(none), 'bool'),
  Equal: binary('Equal', (a, b) => Number(a === b), null, broadcasting<'Equal'>(none), 'bool'),
  Greater: binary('Greater', (a, b) => Number(a > b), null, broadcasting<'Greater'>(none), 'bool'),
  GreaterOrEqual: binary('GreaterOrEqual', (a, b) => Number(a >= b), null, broadcasting<'GreaterOrEqual'>(none), 'bool'),
  Less: binary('Less', (a, b) => Number(a < b), null, broadcasting<'Less'>(none), 'bool'),
  LessOrEqual: binary('LessOrEqual', (a, b) => Number(a <= b), null, broadcasting<'LessOrEqual'>(none), 'bool'),
};

// The cotangent is cast back; integers and booleans carry none.
const Cast: PrimitiveRule<'Cast'> = {
  infer: ([x], { to }) => ({ dtype: to, shape: x!.shape }),
  reference: ([x], { to }) => convert(x!.data, to),
  vjp: ({ emit, inputs, cotangent }) => [emit.add('Cast', [cotangent], { to: emit.type(inputs[0]!).dtype })],
  cases: [{ shapes: [[2, 3]], attributes: { to: 'float32' } }],
};

// The gradient follows the condition.
const Where: PrimitiveRule<'Where'> = {
  infer: ([condition, a, b]) => ({ dtype: a!.dtype, shape: broadcastShapes('Where', [condition!.shape, a!.shape, b!.shape]) }),
  reference: ([condition, a, b], _, output) => {
    const out = new Float64Array(output.shape.reduce((x, y) => x * y, 1));
    const chosen = new Uint8Array(out.length);
    walk(output.shape, broadcastStrides(condition!.shape, output.shape), (position, i) => (chosen[i] = condition!.data[position] ? 1 : 0));
    walk(output.shape, broadcastStrides(a!.shape, output.shape), (position, i) => chosen[i] && (out[i] = a!.data[position]!));
    walk(output.shape, broadcastStrides(b!.shape, output.shape), (position, i) => chosen[i] || (out[i] = b!.data[position]!));
    return out;
  },
  vjp: ({ emit, inputs, cotangent, wants }) => {
    const zero = scalarLike(emit, 0, cotangent);
    const pick = (yes: string, no: string): string => emit.add('Where', [inputs[0]!, yes, no], none);
    return [undefined, wants(1) ? pick(cotangent, zero) : undefined, wants(2) ? pick(zero, cotangent) : undefined];
  },
  cases: [{ shapes: [[2, 3], [2, 3], [3]], attributes: none, integers: { 0: [1, 0, 0, 1, 1, 0] } }],
};

export const ELEMENTWISE: { readonly [P in ElementwiseName]: PrimitiveRule<P> } = { ...UNARY, ...BINARY, Cast, Where };

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  return fraction < 0.5 || (fraction === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** What a cast to a dtype makes of numbers, in float64 (floating dtypes are not rounded: the reference stays in float64). */
function convert(values: Float64Array, to: DType): Float64Array {
  if (to === 'bool') return values.map((value) => Number(value !== 0));
  if (to === 'int64' || to === 'uint64') return values.map(Math.trunc);
  if (/^u?int/.test(to)) return toNumbers(tensorFrom(to, [values.length], values));
  return /float/.test(to) ? values : unreachable(`cast to ${to}`);
}
