import type { Gelu as Attributes, OpAttributes } from '../ir/ops';
import type { Case, Emit, FunctionRule } from './rule';

const none = {};

/** The activations that models are made of. */
export const GELU_FORMS = {
  erf: { approximate: 'none', scale: Math.SQRT1_2, cubic: 0 },
  tanh: { approximate: 'tanh', scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 },
  quick: { approximate: 'sigmoid', scale: 1.702, cubic: 0 },
  silu: { approximate: 'sigmoid', scale: 1, cubic: 0 },
} as const satisfies Readonly<Record<string, Attributes>>;

/** Arithmetic on one value, with numbers as scalars of its dtype. */
class Arithmetic {
  constructor(
    private readonly emit: Emit,
    readonly x: string,
  ) {}

  apply = (op: 'Add' | 'Sub' | 'Mul' | 'Div', a: string | number, b: string | number): string => this.emit.add(op, [this.of(a), this.of(b)], none);
  add = (a: string | number, b: string | number): string => this.apply('Add', a, b);
  sub = (a: string | number, b: string | number): string => this.apply('Sub', a, b);
  mul = (a: string | number, b: string | number): string => this.apply('Mul', a, b);
  square = (a: string): string => this.mul(a, a);
  call = (op: 'Erf' | 'Exp' | 'Neg' | 'Sigmoid' | 'Tanh', a: string): string => this.emit.add(op, [a], none);

  private of(value: string | number): string {
    return typeof value === 'number' ? this.emit.constant(value, this.emit.type(this.x).dtype) : value;
  }
}

/** z = scale (x + cubic x^3); the divisor of the erf is how ONNX Runtime knows a GELU. */
function inner(p: Arithmetic, { approximate, scale, cubic }: Attributes): string {
  const sum = cubic === 0 ? p.x : p.add(p.x, p.mul(p.mul(p.square(p.x), p.x), cubic));
  if (scale === 1) return sum;
  return approximate === 'none' ? p.apply('Div', sum, 1 / scale) : p.mul(sum, scale);
}

// y = x g(z),  g = (1 + erf) / 2, (1 + tanh) / 2 or sigmoid
const Gelu: FunctionRule<'Gelu'> = {
  infer: ([x]) => x!,
  body: (emit, inputs, attributes) => {
    const p = new Arithmetic(emit, inputs[0]!);
    const z = inner(p, attributes);
    if (attributes.approximate === 'sigmoid') return p.mul(p.x, p.call('Sigmoid', z));
    return p.mul(p.mul(p.x, p.add(p.call(attributes.approximate === 'none' ? 'Erf' : 'Tanh', z), 1)), 0.5);
  },
  vjp: ({ emit, inputs, attributes, cotangent }) => [emit.add('GeluGrad', [cotangent, inputs[0]!], attributes)],
  cases: samples([2, 3]),
};

// dX = dY (g(z) + x g'(z) z'),  z' = scale (1 + 3 cubic x^2)
const GeluGrad: FunctionRule<'GeluGrad'> = {
  infer: ([dY]) => dY!,
  body: (emit, inputs, attributes) => {
    const [dY, x] = inputs as [string, string];
    const p = new Arithmetic(emit, x);
    const { value, slope } = gate(p, inner(p, attributes), attributes);
    const inside = attributes.cubic === 0 ? p.mul(x, attributes.scale) : p.mul(p.mul(x, attributes.scale), p.add(p.mul(p.square(x), 3 * attributes.cubic), 1));
    return p.mul(dY, p.add(value, p.mul(slope, inside)));
  },
  vjp: null,
  cases: samples([2, 3], [2, 3]),
};

/** g(z) and g'(z): exp(-z^2) / sqrt(pi), (1 - tanh^2) / 2, s (1 - s). */
function gate(p: Arithmetic, z: string, { approximate }: Attributes): { value: string; slope: string } {
  if (approximate === 'sigmoid') {
    const s = p.call('Sigmoid', z);
    return { value: s, slope: p.mul(s, p.sub(1, s)) };
  }
  const half = (value: string): string => p.mul(p.add(value, 1), 0.5);
  if (approximate === 'none') return { value: half(p.call('Erf', z)), slope: p.mul(p.call('Exp', p.call('Neg', p.square(z))), 1 / Math.sqrt(Math.PI)) };
  const t = p.call('Tanh', z);
  return { value: half(t), slope: p.mul(p.sub(1, p.square(t)), 0.5) };
}

function samples<P extends 'Gelu' | 'GeluGrad'>(...shapes: readonly (readonly number[])[]): Case<P>[] {
  return Object.values<Attributes>(GELU_FORMS).map((attributes) => ({ shapes, attributes: attributes as OpAttributes[P] }));
}

export const ACTIVATION_FUNCTIONS = { Gelu, GeluGrad };
