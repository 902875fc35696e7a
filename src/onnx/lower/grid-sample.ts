import { cubicWeight } from './resize';
import type { Family, Lowering } from './lowering';

/** One of the elements along an axis that a point is interpolated from: where it lies (whole numbers as floats) and how much it counts. */
interface Tap {
  readonly at: string;
  /** Absent: 1. */
  readonly weight?: string;
}

/** Turns grid coordinates into taps of an axis. */
class Sampler {
  constructor(
    private readonly l: Lowering,
    private readonly padding: string,
    private readonly aligned: boolean,
  ) {}

  private of = (value: string | number): string => (typeof value === 'number' ? this.l.builder.constant(value) : value);
  private op = (op: 'Add' | 'Sub' | 'Mul' | 'Min' | 'Max', a: string | number, b: string | number): string => this.l.apply(op, this.of(a), this.of(b));

  /** Grid coordinates in -1 ... 1 as positions along an axis: 0 is the centre of the first element. Aligned: -1 and 1 are the centres of the outer elements, else their rims. */
  position(grid: string, length: number): string {
    return this.aligned ? this.op('Mul', this.op('Add', grid, 1), (length - 1) / 2) : this.op('Add', this.op('Mul', grid, length / 2), (length - 1) / 2);
  }

  /** Brings positions into the axis, as the padding mode says; "zeros" leaves them. */
  inside(x: string, length: number): string {
    if (this.padding === 'border') return this.clamp(x, length);
    if (this.padding !== 'reflection') return x;
    const [low, span] = this.aligned ? [0, length - 1] : [-0.5, length];
    if (span === 0) return this.op('Mul', x, 0);
    const distance = this.l.add('Mod', [this.l.apply('Abs', this.op('Sub', x, low)), this.of(2 * span)], { fmod: true });
    return this.clamp(this.op('Add', this.op('Min', distance, this.op('Sub', 2 * span, distance)), low), length);
  }

  taps(mode: string, position: string, length: number): Tap[] {
    if (mode === 'nearest') return [{ at: this.l.apply('Round', this.inside(position, length)) }];
    const x = mode === 'cubic' ? position : this.inside(position, length);
    const left = this.l.apply('Floor', x);
    const t = this.op('Sub', x, left);
    if (mode === 'linear') return [{ at: left, weight: this.op('Sub', 1, t) }, { at: this.op('Add', left, 1), weight: t }];
    return [-1, 0, 1, 2].map((step) => ({ at: this.inside(this.op('Add', left, step), length), weight: this.cubic(t, step) }));
  }

  /** Whether a tap lies on the axis, as 0 or 1; undefined where the padding mode sees to it. */
  counts(at: string, length: number): string | undefined {
    if (this.padding !== 'zeros') return undefined;
    const ok = this.l.apply('And', this.l.apply('GreaterOrEqual', at, this.of(0)), this.l.apply('LessOrEqual', at, this.of(length - 1)));
    return this.l.cast(ok, 'float32');
  }

  clamp(x: string, length: number): string {
    return this.op('Max', this.op('Min', x, length - 1), 0);
  }

  // The cubic kernel at distance |step - t|, as a polynomial of t through its four values
  private cubic(t: string, step: number): string {
    const [c0, c1, c2, c3] = cubicPolynomial(step);
    return [c2!, c1!, c0!].reduce<string>((value, coefficient) => this.op('Add', this.op('Mul', value, t), coefficient), this.of(c3!));
  }
}

/** Coefficients of W(step - t), 0 <= t <= 1, in powers of t, from its values at 0, 1/3, 2/3 and 1. */
function cubicPolynomial(step: number): number[] {
  const [y0, y1, y2, y3] = [0, 1 / 3, 2 / 3, 1].map((t) => cubicWeight(step - t, -0.75)) as [number, number, number, number];
  return [y0, (-11 * y0 + 18 * y1 - 9 * y2 + 2 * y3) / 2, (9 * (2 * y0 - 5 * y1 + 4 * y2 - y3)) / 2, (9 * (-y0 + 3 * y1 - 3 * y2 + y3)) / 2];
}

/** X [N,C,D1,...,Dk] sampled at grid [N,P1,...,Pk,k], whose last axis counts coordinates from the innermost axis of X on. */
function gridSample(l: Lowering): string {
  const [n, c, ...dims] = l.shape(0) as [number, number, ...number[]];
  const places = l.shape(1).slice(1, -1);
  const count = places.reduce((product, dim) => product * dim, 1);
  const rank = dims.length;
  const mode = l.text('mode', 'linear').replace(/^bi/, '');
  const padding = l.text('padding_mode', 'zeros');
  if (!['nearest', 'linear', 'cubic'].includes(mode) || !['zeros', 'border', 'reflection'].includes(padding)) l.fail(`the mode "${mode}" with the padding "${padding}" is not known`);
  const sampler = new Sampler(l, padding, l.flag('align_corners'));
  const grid = l.reshape(l.input(1), [n, count, rank]);
  const axes = dims.map((length, axis) => {
    const coordinate = l.reshape(l.slice(grid, 2, rank - 1 - axis, rank - axis), [n, 1, count]);
    return sampler.taps(mode, sampler.position(coordinate, length), length);
  });
  const flat = l.reshape(l.input(0), [n, c, dims.reduce((product, dim) => product * dim, 1)]);
  const product = (a: string | undefined, b: string | undefined): string | undefined => (a === undefined || b === undefined ? (a ?? b) : l.apply('Mul', a, b));
  const combine = (axis: number, index: string | undefined, weight: string | undefined): string[] => {
    if (axis === rank) {
      const value = l.add('GatherElements', [flat, l.expand(l.cast(index!, 'int64'), [n, c, count])], { axis: 2 });
      return [weight === undefined ? value : l.apply('Mul', value, weight)];
    }
    const length = dims[axis]!;
    return axes[axis]!.flatMap((tap) => {
      const at = sampler.clamp(tap.at, length);
      const row = index === undefined ? at : l.apply('Add', l.apply('Mul', index, l.builder.constant(length)), at);
      return combine(axis + 1, row, product(weight, product(tap.weight, sampler.counts(tap.at, length))));
    });
  };
  return l.reshape(combine(0, undefined, undefined).reduce((sum, value) => l.apply('Add', sum, value)), [n, c, ...places]);
}

export const GRID_SAMPLE: Family = { GridSample: gridSample };
