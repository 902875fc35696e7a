import { describe, expect, it } from 'vitest';
import { evaluate } from '../executors/reference';
import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import type { OpName } from '../ir/ops';
import { sizeOf, toNumbers, tensorFromBytes } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { FUNCTION_RULES, PRIMITIVES, ruleOf } from '../ops/index';
import type { Case, ReferenceValue } from '../ops/rule';
import { inlineFunctions } from '../passes/inline';
import { randomNumbers } from '../testing/random';
import { gradient } from './gradient';

const BOOLEAN_OPERANDS: Partial<Record<OpName, readonly number[]>> = { Where: [0], Not: [0], And: [0, 1], Or: [0, 1] };

/** A graph of the one node, with its operands as inputs x0, x1, ... */
function single(op: OpName, { shapes, attributes, integers }: Case<OpName>): Graph {
  const builder = new GraphBuilder(op);
  const inputs = shapes.map((shape, i) => {
    const dtype = BOOLEAN_OPERANDS[op]?.includes(i) ? 'bool' : integers?.[i] ? 'int64' : 'float64';
    return builder.input(`x${i}`, { dtype, shape });
  });
  return builder.build([builder.add(op, inputs, attributes as never, { output: 'y' })]);
}

function operands(graph: Graph, { integers, range = [-2, 2] }: Case<OpName>): Map<string, ReferenceValue> {
  const next = randomNumbers(7);
  return new Map(
    graph.inputs.map((input, i) => {
      const type = graph.types.get(input)!;
      const data = integers?.[i] ? Float64Array.from(integers[i]!) : Float64Array.from({ length: sizeOf(type.shape) }, () => range[0] + (range[1] - range[0]) * next());
      return [input, { ...type, data: type.dtype === 'bool' ? data.map((x) => Number(x > 0)) : data }];
    }),
  );
}

function run(graph: Graph, inputs: ReadonlyMap<string, ReferenceValue>): Map<string, ReferenceValue> {
  const inlined = inlineFunctions(graph);
  const constants = [...inlined.initializers].map(([name, ref]): [string, ReferenceValue] => {
    const type = inlined.types.get(name)!;
    if (ref.kind !== 'bytes') throw new Error('constants only');
    return [name, { ...type, data: toNumbers(tensorFromBytes(ref.dtype, type.shape, ref.bytes)) }];
  });
  return evaluate(inlined, new Map([...inputs, ...constants]));
}

const all = [...Object.keys(PRIMITIVES), ...Object.keys(FUNCTION_RULES)] as OpName[];

describe.each(all)('%s', (op) => {
  const rule = ruleOf(op);
  it('has a sample', () => expect(rule.cases.length).toBeGreaterThan(0));

  it.each(rule.cases.map((sample, i) => [i, sample as Case<OpName>] as const))('sample %i: the definition fills the inferred shape', (_, sample) => {
    const graph = single(op, sample);
    const y = run(graph, operands(graph, sample)).get('y')!;
    expect(y.data.length).toBe(sizeOf(graph.types.get('y')!.shape));
  });

  if (rule.vjp) {
    it.each(rule.cases.map((sample, i) => [i, sample as Case<OpName>] as const))('sample %i: the gradient agrees with central differences', (_, sample) => {
      const graph = single(op, sample);
      const inputs = operands(graph, sample);
      const wrt = graph.inputs.filter((input) => graph.types.get(input)!.dtype === 'float64');
      const next = randomNumbers(11);
      const y = graph.types.get('y')!;
      const ct: ReferenceValue = { ...y, data: Float64Array.from({ length: sizeOf(y.shape) }, () => next() * 2 - 1) };
      const results = run(gradient(graph, wrt, ['y']), new Map([...inputs, ['ct/y', ct]]));
      const scalar = (): number => run(graph, inputs).get('y')!.data.reduce((sum, value, i) => sum + value * ct.data[i]!, 0);
      for (const name of wrt) {
        const { data } = inputs.get(name)!;
        const analytic = results.get(`grad/${name}`)!.data;
        const largest = analytic.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
        data.forEach((value, i) => {
          const h = 1e-5; // truncation ~ h^2, rounding ~ 1e-16 / h
          data[i] = value + h;
          const above = scalar();
          data[i] = value - h;
          const below = scalar();
          data[i] = value;
          expect(Math.abs((above - below) / (2 * h) - analytic[i]!) / largest, `${name}[${i}]`).toBeLessThan(1e-7);
        });
      }
    });
  }
});

describe('gradient', () => {
  it.each(['ct/y', 'grad/x'])('refuses a model that has a value named %s', (name) => {
    const builder = new GraphBuilder('names');
    const x = builder.input('x', { dtype: 'float32', shape: [2] });
    builder.add('Exp', [builder.add('Neg', [x], {}, { output: name })], {}, { output: 'y' });
    expect(() => gradient(builder.build(['y']), ['x'], ['y'])).toThrow(UserError);
  });

  it('counts an output that is listed twice once', () => {
    const builder = new GraphBuilder('twice');
    const y = builder.add('Exp', [builder.input('x', { dtype: 'float32', shape: [2] })], {}, { output: 'y' });
    expect(gradient(builder.build([y, y]), ['x'], [y, y]).inputs).toEqual(['x', 'ct/y']);
  });
});
