import { describe, expect, it } from 'vitest';
import { plan } from '../compile/plan';
import { gradient } from '../autodiff/gradient';
import type { Graph } from '../ir/graph';
import type { Gelu } from '../ir/ops';
import { GraphBuilder } from '../ops/builder';
import { stepValues } from '../testing/step-values';
import { recognise } from './recognise';

const none = {};
const anything = { has: (): boolean => true };
const nothing = { has: (): boolean => false };

/** Builds an activation of `x` by name. */
class Writer {
  readonly builder = new GraphBuilder('activation');
  readonly x: string;

  constructor(readonly shape: readonly number[] = [2, 3]) {
    this.x = this.builder.input('x', { dtype: 'float64', shape });
  }

  op = (op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow', a: string | number, b: string | number): string => this.builder.add(op, [this.of(a), this.of(b)], none);
  call = (op: 'Erf' | 'Tanh' | 'Sigmoid', a: string): string => this.builder.add(op, [a], none);

  done(y: string, ...more: string[]): Graph {
    const [z, last] = [this.builder.add('Reshape', [y], { shape: this.shape }, { output: 'y' }), y];
    return this.builder.build([z, ...more].filter((value) => value !== last));
  }

  private of(value: string | number): string {
    return typeof value === 'number' ? this.builder.constant(value, 'float64') : value;
  }
}

type Write = (w: Writer) => string;

const erf = (z: Write = (w) => w.op('Div', w.x, Math.SQRT2)): Write => (w) => w.call('Erf', z(w));
const tanh = (z: Write): Write => (w) => w.call('Tanh', z(w));
const FIRST = Math.sqrt(2 / Math.PI);
const cube = (w: Writer): string => w.op('Mul', w.op('Mul', w.x, w.x), w.x);
const tanhs: Readonly<Record<string, Write>> = {
  'torch': (w) => w.op('Mul', w.op('Add', w.x, w.op('Mul', cube(w), 0.044715)), FIRST),
  'with a power': (w) => w.op('Mul', FIRST, w.op('Add', w.op('Mul', 0.044715, w.op('Pow', w.x, 3)), w.x)),
  'factored': (w) => w.op('Mul', w.op('Mul', w.x, 0.79785156), w.op('Add', 1, w.op('Mul', w.op('Mul', 0.044715, w.x), w.x))),
  'multiplied out': (w) => w.op('Add', w.op('Mul', FIRST, w.x), w.op('Mul', w.op('Mul', w.x, w.op('Pow', w.x, 2)), FIRST * 0.044715)),
};

/** x/2 (1 + g). */
const halved: Readonly<Record<string, (g: Write) => Write>> = {
  'x (1 + g) 0.5': (g) => (w) => w.op('Mul', w.op('Mul', w.x, w.op('Add', g(w), 1)), 0.5),
  '0.5 x (1 + g)': (g) => (w) => w.op('Mul', w.op('Mul', 0.5, w.x), w.op('Add', 1, g(w))),
  '(1 + g) (x 0.5)': (g) => (w) => w.op('Mul', w.op('Add', 1, g(w)), w.op('Mul', w.x, 0.5)),
  'x (0.5 (1 + g))': (g) => (w) => w.op('Mul', w.x, w.op('Mul', 0.5, w.op('Add', g(w), 1))),
  'x (1 + g) / 2': (g) => (w) => w.op('Div', w.op('Mul', w.op('Add', g(w), 1), w.x), 2),
  'x / 2 (1 + g)': (g) => (w) => w.op('Mul', w.op('Div', w.x, 2), w.op('Add', g(w), 1)),
  'x (0.5 + 0.5 g)': (g) => (w) => w.op('Mul', w.op('Add', w.op('Mul', g(w), 0.5), 0.5), w.x),
  'h + h g, h = x 0.5': (g) => (w) => {
    const h = w.op('Mul', w.x, 0.5);
    return w.op('Add', h, w.op('Mul', g(w), h));
  },
};

const forms: [string, Partial<Gelu>, Write][] = [
  ...Object.entries(halved).map(([name, half]): [string, Partial<Gelu>, Write] => [`${name}, erf`, { approximate: 'none', scale: 1 / Math.SQRT2, cubic: 0 }, half(erf())]),
  ...Object.entries(halved).map(([name, half]): [string, Partial<Gelu>, Write] => [`${name}, tanh`, { approximate: 'tanh' }, half(tanh(tanhs.torch!))]),
  ...Object.entries(tanhs).map(([name, z]): [string, Partial<Gelu>, Write] => [`tanh ${name}`, { approximate: 'tanh' }, halved['0.5 x (1 + g)']!(tanh(z))]),
  ['erf times 1 / sqrt 2', { scale: Math.SQRT1_2 }, halved['x (1 + g) 0.5']!(erf((w) => w.op('Mul', Math.SQRT1_2, w.x)))],
  ['erf in float16', { scale: 0.70703125 }, halved['x (1 + g) 0.5']!(erf((w) => w.op('Mul', w.x, 0.70703125)))],
  ['erf of a float16 divisor', { scale: 1 / 1.4140625 }, halved['x (1 + g) 0.5']!(erf((w) => w.op('Div', w.x, 1.4140625)))],
  ['QuickGELU', { approximate: 'sigmoid', scale: 1.702 }, (w) => w.op('Mul', w.x, w.call('Sigmoid', w.op('Mul', w.x, 1.702)))],
  ['QuickGELU in float16', { approximate: 'sigmoid', scale: 1.7021484375 }, (w) => w.op('Mul', w.call('Sigmoid', w.op('Mul', 1.7021484375, w.x)), w.x)],
  ['SiLU', { approximate: 'sigmoid', scale: 1 }, (w) => w.op('Mul', w.x, w.call('Sigmoid', w.x))],
];

const operators = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

describe('an activation of primitives', () => {
  it.each(forms)('%s becomes Gelu, with the same values and gradients', (_, attributes, write) => {
    const w = new Writer();
    const graph = w.done(write(w));
    const found = recognise(graph, anything, nothing);
    expect(operators(found)).toEqual(['Gelu', 'Reshape']);
    expect(found.nodes[0]).toMatchObject({ inputs: ['x'], attributes });
    const [want, got] = [graph, found].map((each) => stepValues(each, ['x'], [-4, 4])).map((values) => ['y', 'grad/x'].map((name) => values.get(name)!.data)) as [Float64Array[], Float64Array[]];
    want.forEach((data, i) => data.forEach((value, k) => expect(Math.abs(got[i]![k]! - value)).toBeLessThan(1e-14 * Math.max(1, Math.abs(value)))));
  });

  const quick = (scale: number): Write => (w) => w.op('Mul', w.x, w.call('Sigmoid', w.op('Mul', w.x, scale)));
  const others: [string, Write][] = [
    ['a factor that may be a parameter', quick(1.5)],
    ['x (1 + erf)', (w) => w.op('Mul', w.x, w.op('Add', erf()(w), 1))],
    ['x/2 (2 + erf)', (w) => w.op('Mul', w.op('Mul', w.x, 0.5), w.op('Add', erf()(w), 2))],
    ['x/2 (1 - erf)', (w) => w.op('Mul', w.op('Mul', w.x, 0.5), w.op('Sub', 1, erf()(w)))],
    ['x^2/2 (1 + erf)', (w) => w.op('Mul', w.op('Mul', w.op('Mul', w.x, w.x), 0.5), w.op('Add', erf()(w), 1))],
    ['erf of x^3', halved['x (1 + g) 0.5']!(erf((w) => w.op('Div', cube(w), Math.SQRT2)))],
    ['a gate of another value', (w) => w.op('Mul', w.op('Add', w.x, 1), w.call('Sigmoid', w.x))],
    ['a divisor that is no constant', (w) => w.op('Div', w.x, w.call('Sigmoid', w.x))],
  ];
  it.each(others)('with %s is left alone', (_, write) => {
    const w = new Writer();
    const graph = w.done(write(w));
    expect(recognise(graph, anything, nothing)).toBe(graph);
  });

  it('is left alone where a value inside is read', () => {
    const w = new Writer();
    const gate = w.call('Sigmoid', w.x);
    const graph = w.done(w.op('Mul', w.x, gate), w.builder.add('Exp', [gate], none));
    expect(recognise(graph, anything, nothing)).toBe(graph);
  });

  it('is left alone where the gradient of its number is asked for', () => {
    const w = new Writer();
    const graph = w.done(quick(1.702)(w));
    const [number] = [...graph.initializers.keys()];
    expect(operators(recognise(graph, anything, nothing))).toContain('Gelu');
    expect(recognise(graph, anything, new Set([number!]))).toBe(graph);
  });

  it('that grows by a constant\'s shape is left alone', () => {
    const w = new Writer();
    const wide = w.builder.initializer('wide', { dtype: 'float64', shape: [1, 1, 1] }, { kind: 'bytes', dtype: 'float64', bytes: new Uint8Array(Float64Array.of(1.702).buffer) });
    const graph = w.done(w.op('Mul', w.x, w.call('Sigmoid', w.op('Mul', w.x, wide))));
    expect(recognise(graph, anything, nothing)).toBe(graph);
  });

  it('stays a link of a chain on WebGPU, forwards and backwards', () => {
    const w = new Writer([4, 8]);
    const weight = w.builder.input('weight', { dtype: 'float64', shape: [8, 8] });
    const product = w.builder.add('MatMul', [w.x, weight], none, { output: 'product' });
    const scaled = w.op('Mul', w.builder.add('Gelu', [w.op('Add', product, 1)], { approximate: 'sigmoid', scale: 1.702, cubic: 0 }), 3);
    const graph = w.builder.build([w.builder.add('MatMul', [scaled, weight], none, { output: 'y' })]);
    const limits = { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 10, f16: false, software: true };
    expect(plan(graph, new Set(), limits).dispatches.length).toBe(2);
    // The product with its bias, Gelu, the second product; back through it with Gelu's gradient, and to x.
    expect(plan(gradient(graph, ['x'], ['y']), new Set(), limits).dispatches.length).toBe(5);
  });
});
