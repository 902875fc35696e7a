import { GELU_FORMS } from '../../ops/activation';
import { slopes } from './legacy';
import type { Family, Lower, Lowering } from './lowering';

/** Operations on one value, with numbers as scalars of its dtype. */
class Pointwise {
  constructor(
    private readonly l: Lowering,
    readonly x: string,
  ) {}

  of = (value: string | number): string => (typeof value === 'number' ? this.l.scalar(value, this.x) : value);
  add = (a: string | number, b: string | number): string => this.l.apply('Add', this.of(a), this.of(b));
  mul = (a: string | number, b: string | number): string => this.l.apply('Mul', this.of(a), this.of(b));
  max = (a: string | number, b: string | number): string => this.l.apply('Max', this.of(a), this.of(b));
  min = (a: string | number, b: string | number): string => this.l.apply('Min', this.of(a), this.of(b));
  /** alpha (exp(x / scale) - 1), with x kept from above 0 so that the unused side does not overflow. */
  expm1 = (alpha: number, scale = 1): string => this.mul(this.add(this.l.apply('Exp', this.mul(this.min(this.x, 0), 1 / scale)), -1), alpha);
  where = (condition: string, a: string | number, b: string | number): string => this.l.apply('Where', condition, this.of(a), this.of(b));
  greater = (a: string | number, b: string | number): string => this.l.apply('Greater', this.of(a), this.of(b));
}

const pointwise = (f: (p: Pointwise, l: Lowering) => string): Lower => (l) => f(new Pointwise(l, l.input(0)), l);

/** x where x > 0, else what `below` says. */
const rectifier = (below: (p: Pointwise, l: Lowering) => string): Lower => pointwise((p, l) => p.where(p.greater(p.x, 0), p.x, below(p, l)));

// clamp(alpha x + beta, 0, 1)
function hardSigmoid(p: Pointwise, alpha: number, beta: number): string {
  return p.max(p.min(p.add(p.mul(p.x, alpha), beta), 1), 0);
}

function prelu(l: Lowering): string {
  const p = new Pointwise(l, l.input(0));
  return p.where(p.greater(p.x, 0), p.x, p.mul(p.x, slopes(l)));
}

export const ACTIVATIONS: Family = {
  Relu: (l) => l.apply('Relu', l.input(0)),
  Sigmoid: (l) => l.apply('Sigmoid', l.input(0)),
  Tanh: (l) => l.apply('Tanh', l.input(0)),
  Softplus: (l) => l.apply('Softplus', l.input(0)),
  Gelu: (l) => l.add('Gelu', [l.input(0)], l.text('approximate', 'none') === 'tanh' ? GELU_FORMS.tanh : GELU_FORMS.erf),
  // x / (1 + |x|)
  Softsign: pointwise((p, l) => l.apply('Div', p.x, p.add(l.apply('Abs', p.x), 1))),
  // x sigmoid(alpha x)
  Swish: (l) => l.add('Gelu', [l.input(0)], { approximate: 'sigmoid', scale: l.number('alpha', 1), cubic: 0 }),
  // x tanh(log(1 + exp(x)))
  Mish: pointwise((p, l) => p.mul(p.x, l.apply('Tanh', l.apply('Softplus', p.x)))),
  HardSigmoid: pointwise((p, l) => hardSigmoid(p, l.number('alpha', 0.2), l.number('beta', 0.5))),
  HardSwish: pointwise((p) => p.mul(p.x, hardSigmoid(p, 1 / 6, 0.5))),
  LeakyRelu: rectifier((p, l) => p.mul(p.x, l.number('alpha', 0.01))),
  PRelu: prelu,
  ThresholdedRelu: pointwise((p, l) => p.where(p.greater(p.x, l.number('alpha', 1)), p.x, 0)),
  Elu: rectifier((p, l) => p.expm1(l.number('alpha', 1))),
  // max(0, x) + min(0, alpha (exp(x / alpha) - 1))
  Celu: rectifier((p, l) => p.expm1(l.number('alpha', 1), l.number('alpha', 1))),
  // gamma (x, or alpha (exp(x) - 1) below 0)
  Selu: pointwise((p, l) => p.mul(p.where(p.greater(p.x, 0), p.x, p.expm1(l.number('alpha', 1.6732632423543772))), l.number('gamma', 1.0507009873554805))),
};
