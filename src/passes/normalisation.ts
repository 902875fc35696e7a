import { typeOf, type Graph, type Node } from '../ir/graph';
import { isFloat } from '../ir/tensor';
import { Pattern, type Match } from './pattern';

/** The ways in which `last` ends (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) over the last axes. */
export function normalisation(graph: Graph, made: ReadonlyMap<string, Node>, last: Node): Match[] {
  if (last.op !== 'Div' && last.op !== 'Mul') return [];
  const [a, b] = last.inputs as readonly [string, string];
  const orders = last.op === 'Div' ? [[a, b] as const] : [[a, b] as const, [b, a] as const];
  return orders.flatMap(([centred, scale]) => {
    const pattern = new Normalisation(graph, made);
    const attributes = pattern.attributes(centred, scale, last.op === 'Mul');
    if (!attributes || typeOf(graph, last.outputs[0]!).shape.join() !== typeOf(graph, attributes.x).shape.join()) return [];
    const { x, axis, epsilon } = attributes;
    return [{ node: { name: last.name, op: 'Normalize', inputs: [x], outputs: last.outputs, attributes: { axis, epsilon } }, replaced: pattern.nodes.add(last), scalars: pattern.scalars }];
  });
}

class Normalisation extends Pattern {
  /** `centred` / `scale`, or `centred` * `scale` if that is inverse. */
  attributes(centred: string, scale: string, inverse: boolean): { x: string; axis: number; epsilon: number } | undefined {
    const shifted = this.root(scale, inverse);
    const sum = shifted === undefined ? undefined : this.node(shifted, 'Add');
    if (!sum) return undefined;
    const [variance, epsilon] = this.withScalar(sum.inputs);
    const mean = variance === undefined ? undefined : this.node(variance, 'ReduceMean');
    const deviation = mean && this.squared(mean.inputs[0]!);
    const [numerator, inner] = [this.deviation(centred), deviation === undefined ? undefined : this.deviation(deviation)];
    if (epsilon === undefined || !numerator || !inner || numerator.x !== inner.x) return undefined;
    const axes = [numerator.mean, inner.mean, mean!].map((reduction) => this.axisOf(reduction, numerator.x));
    const [axis] = axes;
    return axis !== undefined && axes.every((other) => other === axis) ? { x: numerator.x, axis, epsilon } : undefined;
  }

  /** v, of sqrt(v) = v^0.5, or of its inverse 1 / sqrt(v) = v^-0.5. */
  private root(value: string, inverse: boolean): string | undefined {
    const node = this.made.get(value);
    if (node?.op === 'Pow') return this.power(value, inverse ? -0.5 : 0.5);
    if (!inverse) return this.node(value, 'Sqrt')?.inputs[0];
    if (node?.op === 'Div' && this.scalar(node.inputs[0]!) !== 1) return undefined;
    const inverted = node?.op === 'Div' ? this.node(value, 'Div')!.inputs[1] : this.node(value, 'Reciprocal')?.inputs[0];
    return inverted === undefined ? undefined : this.root(inverted, false);
  }

  /** d, of d^2 or d * d. */
  private squared(value: string): string | undefined {
    const node = this.made.get(value);
    if (node?.op === 'Pow') return this.power(value, 2);
    return node?.inputs[0] === node?.inputs[1] ? this.node(value, 'Mul')?.inputs[0] : undefined;
  }

  private power(value: string, exponent: number): string | undefined {
    const [base, by] = this.node(value, 'Pow')!.inputs;
    return this.scalar(by!) === exponent ? base : undefined;
  }

  /** x and its mean, of x - mean(x). */
  private deviation(value: string): { x: string; mean: Node<'ReduceMean'> } | undefined {
    const [x, subtracted] = this.node(value, 'Sub')?.inputs ?? [];
    const mean = subtracted === undefined ? undefined : this.node(subtracted, 'ReduceMean');
    return mean && mean.inputs[0] === x ? { x: x!, mean } : undefined;
  }

  /** k, of a mean over all axes of x from k on. */
  private axisOf({ attributes: { axes, keepdims } }: Node<'ReduceMean'>, x: string): number | undefined {
    const { dtype, shape } = typeOf(this.graph, x);
    const axis = shape.length - axes.length;
    return isFloat(dtype) && keepdims && axes.length > 0 && shape.every((_, i) => i < axis || axes.includes(i)) ? axis : undefined;
  }

  private withScalar([a, b]: readonly string[]): [string?, number?] {
    const value = this.scalar(b!);
    return value === undefined ? [b, this.scalar(a!)] : [a, value];
  }
}
