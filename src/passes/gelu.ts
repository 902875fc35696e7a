import { typeOf, type Graph, type Node } from '../ir/graph';
import type { Gelu } from '../ir/ops';
import { isFloat } from '../ir/tensor';
import { GELU_FORMS } from '../ops/activation';
import { Pattern, type Match } from './pattern';

/** How many operators deep the last node reads the gate, the gate's argument reads x, and either is followed. */
const DEPTH = { gate: 4, x: 3, followed: 6 };

/** The activations that exporters write out. Other numbers may be a parameter of the model, which is asked for its gradient. */
const KNOWN: readonly Gelu[] = Object.values(GELU_FORMS);

const GATES = new Map([['Erf', 'none'], ['Tanh', 'tanh'], ['Sigmoid', 'sigmoid']] as const);

/** A polynomial in x and linear in the gate: the power of x, more by GATE where the gate is a factor, -> coefficient. */
type Terms = ReadonlyMap<number, number>;

const GATE = 1024;

/**
 * The ways in which `last` ends an activation of the kind of Gelu: whatever the order of the factors, it is a polynomial in x and in the gate, and the
 * gate's argument is one in x.
 */
export function gelu(graph: Graph, made: ReadonlyMap<string, Node>, last: Node): Match[] {
  if (last.op !== 'Mul' && last.op !== 'Div' && last.op !== 'Add') return [];
  const { dtype, shape } = typeOf(graph, last.outputs[0]!);
  if (!isFloat(dtype)) return [];
  return reached(made, last.outputs[0]!, DEPTH.gate).flatMap((value) => {
    const gate = made.get(value)!;
    const approximate = gate && GATES.get(gate.op as never);
    if (!approximate) return [];
    const [z] = gate.inputs as readonly [string];
    const candidates = [z, ...reached(made, z, DEPTH.x)].filter((x) => typeOf(graph, x).shape.join() === shape.join());
    return candidates.flatMap((x) => {
      const pattern = new Activation(graph, made, x, gate);
      const attributes = pattern.attributes(last.outputs[0]!, approximate);
      return attributes ? [{ node: { name: last.name, op: 'Gelu', inputs: [x], outputs: last.outputs, attributes }, replaced: pattern.nodes.add(gate), scalars: pattern.scalars }] : [];
    });
  });
}

/** The values that a value is computed from, through arithmetic, nearest first. */
function reached(made: ReadonlyMap<string, Node>, value: string, depth: number): string[] {
  const found = new Set<string>();
  let edge = [value];
  for (let i = 0; i < depth; i++) {
    edge = edge.flatMap((at) => {
      const node = made.get(at);
      return node && /^(Mul|Div|Add|Sub|Pow)$/.test(node.op) ? node.inputs : [];
    }).filter((at) => !found.has(at));
    for (const at of edge) found.add(at);
  }
  return [...found];
}

class Activation extends Pattern {
  constructor(
    graph: Graph,
    made: ReadonlyMap<string, Node>,
    private readonly x: string,
    private readonly gate: Node,
  ) {
    super(graph, made);
  }

  attributes(last: string, approximate: Gelu['approximate']): Gelu | undefined {
    const whole = this.terms(last);
    const wanted: Terms = approximate === 'sigmoid' ? new Map([[GATE + 1, 1]]) : new Map([[1, 0.5], [GATE + 1, 0.5]]);
    if (!whole || whole.size !== wanted.size || [...wanted].some(([power, factor]) => whole.get(power) !== factor)) return undefined;
    const inner = this.terms(this.gate.inputs[0]!);
    const scale = inner?.get(1);
    if (!inner || !scale || [...inner.keys()].some((power) => power !== 1 && power !== 3)) return undefined;
    const cubic = (inner.get(3) ?? 0) / scale;
    return KNOWN.some((known) => known.approximate === approximate && isNear(scale, known.scale) && isNear(cubic, known.cubic)) ? { approximate, scale, cubic } : undefined;
  }

  private terms(value: string, depth = DEPTH.followed): Terms | undefined {
    if (value === this.x) return new Map([[1, 1]]);
    if (value === this.gate.outputs[0]) return new Map([[GATE, 1]]);
    const constant = this.scalar(value);
    if (constant !== undefined) return new Map([[0, constant]]);
    const node = depth > 0 ? this.made.get(value) : undefined;
    if (!node || !/^(Mul|Div|Add|Sub|Pow)$/.test(node.op)) return undefined;
    this.nodes.add(node);
    const a = this.terms(node.inputs[0]!, depth - 1);
    const b = a && this.terms(node.inputs[1]!, depth - 1);
    return b && combined(node.op, a, b);
  }
}

/** As precisely as bfloat16 holds it. */
function isNear(value: number, known: number): boolean {
  return Math.abs(value - known) <= 2 ** -8 * Math.abs(known);
}

function combined(op: Node['op'], a: Terms, b: Terms): Terms | undefined {
  const constant = b.size === 1 ? b.get(0) : undefined;
  switch (op) {
    case 'Add': return sum(a, b);
    case 'Sub': return sum(a, product(b, new Map([[0, -1]])));
    case 'Mul': return product(a, b);
    case 'Div': return constant === undefined ? undefined : product(a, new Map([[0, 1 / constant]]));
    case 'Pow': return constant === 2 ? product(a, a) : constant === 3 ? product(a, product(a, a)) : undefined;
    default: return undefined;
  }
}

function sum(a: Terms, b: Terms): Terms {
  const terms = new Map(a);
  for (const [power, factor] of b) terms.set(power, (terms.get(power) ?? 0) + factor);
  return terms;
}

function product(a: Terms, b: Terms): Terms {
  return [...a].map(([power, factor]): Terms => new Map([...b].map(([other, by]) => [power + other, factor * by]))).reduce(sum);
}
