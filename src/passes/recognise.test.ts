import { describe, expect, it } from 'vitest';
import type { Graph } from '../ir/graph';
import { sizeOf, tensorFrom } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { stepValues } from '../testing/step-values';
import { recognise } from './recognise';

const SHAPE = [2, 3, 4];

/** How an exporter may write x -> y = weight * (x - mean) / sqrt(variance + epsilon) + bias. */
interface Form {
  readonly axes?: readonly number[];
  /** Of the mean of squares, where it differs. */
  readonly varianceAxes?: readonly number[];
  readonly keepdims?: boolean;
  readonly exponent?: number | 'product';
  readonly epsilonShape?: readonly number[];
  readonly epsilonFirst?: boolean;
  readonly root?: 'Sqrt' | 'Pow';
  readonly scale?: 'Div' | 'Reciprocal' | 'one over' | 'Pow';
  readonly scaleFirst?: boolean;
  /** x - mean is computed once for the numerator and once for the variance. */
  readonly twice?: boolean;
  readonly outputs?: readonly string[];
  /** Reads a value inside. */
  readonly reader?: string;
  /** Adds the constant `epsilon` to y. */
  readonly epsilonRead?: boolean;
}

const none = {};

function layerNorm(form: Form = {}): Graph {
  const { axes = [2], varianceAxes = axes, keepdims = true, exponent = 2, epsilonShape = [], scale = 'Div' } = form;
  const builder = new GraphBuilder('layer norm');
  const x = builder.input('x', { dtype: 'float64', shape: SHAPE });
  const [weight, bias] = ['weight', 'bias'].map((name) => builder.input(name, { dtype: 'float64', shape: SHAPE.slice(-1) }));
  const scalar = (value: number): string => builder.constant(value, 'float64');
  const epsilon = builder.initializer('epsilon', { dtype: 'float64', shape: epsilonShape }, { kind: 'bytes', dtype: 'float32', bytes: new Uint8Array(new Float32Array(sizeOf(epsilonShape)).fill(0.01).buffer) });
  const deviation = (name: string): string => builder.add('Sub', [x, builder.add('ReduceMean', [x], { axes, keepdims }, { output: `${name} mean` })], none, { output: name });
  const centred = deviation('centred');
  const inner = form.twice ? deviation('centred again') : centred;
  const squares = exponent === 'product' ? builder.add('Mul', [inner, inner], none) : builder.add('Pow', [inner, scalar(exponent)], none);
  const variance = builder.add('ReduceMean', [squares], { axes: varianceAxes, keepdims }, { output: 'variance' });
  const sum = builder.add('Add', form.epsilonFirst ? [epsilon, variance] : [variance, epsilon], none);
  const root = form.root === 'Pow' ? builder.add('Pow', [sum, scalar(0.5)], none) : scale === 'Pow' ? builder.add('Pow', [sum, scalar(-0.5)], none) : builder.add('Sqrt', [sum], none);
  const inverse = scale === 'Reciprocal' ? builder.add('Reciprocal', [root], none) : scale === 'one over' ? builder.add('Div', [scalar(1), root], none) : root;
  const normalised = builder.add(scale === 'Div' ? 'Div' : 'Mul', form.scaleFirst ? [inverse, centred] : [centred, inverse], none, { output: 'normalised', node: 'last' });
  builder.add('Add', [builder.add('Mul', [normalised, weight!], none, { output: 'weighted' }), form.epsilonRead ? epsilon : bias!], none, { output: 'y' });
  if (form.reader) builder.add('Exp', [form.reader], none, { output: 'read' });
  return builder.build(['y', ...(form.reader ? ['read'] : []), ...(form.outputs ?? [])]);
}

const anything = { has: (): boolean => true };
const nothing = { has: (): boolean => false };
const operators = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

const FORMS: readonly Form[] = [
  {}, { exponent: 'product' }, { axes: [1, 2] }, { axes: [2, 1, 0] }, { root: 'Pow' }, { scale: 'Reciprocal' }, { scale: 'Reciprocal', scaleFirst: true, epsilonFirst: true }, { scale: 'one over' }, { scale: 'Pow' },
  { scale: 'one over', root: 'Pow', scaleFirst: true }, { twice: true }, { epsilonShape: [1] }, { epsilonShape: [1, 1, 1] }, { outputs: ['normalised'] },
];

describe('a normalisation of primitives', () => {
  it.each(FORMS)('written as %j becomes Normalize, with the same values and gradients', (form) => {
    const graph = layerNorm(form);
    const found = recognise(graph, anything, nothing);
    expect(operators(found)).toEqual(['Normalize', 'Mul', 'Add']);
    expect(found.nodes[0]).toMatchObject({ name: 'last', inputs: ['x'], outputs: ['normalised'], attributes: { axis: 3 - (form.axes?.length ?? 1), epsilon: Math.fround(0.01) } });
    expect([found.inputs, found.outputs, found.initializers.has('epsilon')]).toEqual([graph.inputs, graph.outputs, false]);
    const [want, got] = [stepValues(graph, graph.inputs, [-1, 3]), stepValues(found, graph.inputs, [-1, 3])];
    for (const [name, { data }] of want) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0);
      got.get(name)!.data.forEach((value, i) => expect(Math.abs(value - data[i]!), `${name}[${i}]`).toBeLessThan(1e-12 * largest));
    }
  });

  const OTHERS: readonly Form[] = [
    { axes: [0] }, { axes: [0, 2] }, { varianceAxes: [1, 2] }, { exponent: 3 }, { exponent: -2 }, { epsilonShape: [4] }, { epsilonShape: [1, 1, 1, 1] }, { scale: 'Div', scaleFirst: true }, { root: 'Pow', scale: 'Pow' },
    { reader: 'centred' }, { reader: 'centred mean' }, { reader: 'variance' }, { twice: true, reader: 'centred again mean' }, { outputs: ['centred'] }, { outputs: ['variance'] }, { epsilonRead: true },
  ];
  it.each(OTHERS)('that differs as %j is left alone', (form) => {
    const graph = layerNorm(form);
    expect(recognise(graph, anything, nothing)).toBe(graph);
  });

  it('may be read at its end and at its start', () => {
    expect(operators(recognise(layerNorm({ reader: 'normalised' }), anything, nothing))).toEqual(['Normalize', 'Mul', 'Add', 'Exp']);
    expect(operators(recognise(layerNorm({ reader: 'x' }), anything, nothing))).toEqual(['Normalize', 'Mul', 'Add', 'Exp']);
  });

  it('leaves a constant that is read elsewhere, if it is no weight', () => {
    const found = recognise(layerNorm({ epsilonRead: true }), nothing, nothing);
    expect(operators(found)).toEqual(['Normalize', 'Mul', 'Add']);
    expect([...found.initializers.keys()]).toEqual(['epsilon']);
  });

  it('needs means that keep their axes', () => {
    const builder = new GraphBuilder('square');
    const x = builder.input('x', { dtype: 'float32', shape: [3, 3] });
    const mean = (value: string): string => builder.add('ReduceMean', [value], { axes: [1], keepdims: false });
    const centred = builder.add('Sub', [x, mean(x)], none);
    const shifted = builder.add('Add', [mean(builder.add('Mul', [centred, centred], none)), builder.constant(tensorFrom('float32', [], [1e-5]))], none);
    builder.add('Div', [centred, builder.add('Sqrt', [shifted], none)], none, { output: 'y' });
    expect(operators(recognise(builder.build(['y']), anything, nothing))).not.toContain('Normalize');
  });

  it('is found where one follows another', () => {
    const builder = new GraphBuilder('two', layerNorm());
    const mean = (value: string): string => builder.add('ReduceMean', [value], { axes: [2], keepdims: true });
    const centred = builder.add('Sub', ['y', mean('y')], none);
    const shifted = builder.add('Add', [mean(builder.add('Mul', [centred, centred], none)), 'epsilon'], none);
    builder.add('Div', [centred, builder.add('Sqrt', [shifted], none)], none, { output: 'z' });
    expect(operators(recognise(builder.build(['z']), anything, nothing))).toEqual(['Normalize', 'Mul', 'Add', 'Normalize']);
  });
});
