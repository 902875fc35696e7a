import { describe, expect, it } from 'vitest';
import { sizeOf } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { arrange, type Lifetime } from './arena';
import { plan, type PlanLimits } from './plan';

const limits: PlanLimits = { maxInvocations: 256, maxWorkgroupStorage: 16384, maxBindings: 10, f16: false, software: false };

function chain(length: number): GraphBuilder {
  const builder = new GraphBuilder('chain');
  let value = builder.input('x', { dtype: 'float32', shape: [8, 16] });
  for (let i = 0; i < length; i++) value = builder.add('Softmax', [builder.add('Tanh', [builder.add('Neg', [value], {})], {})], { axis: 1 });
  builder.add('Relu', [value], {}, { output: 'y' });
  return builder;
}

describe('plan', () => {
  it('joins elementwise nodes into one dispatch', () => {
    expect(plan(chain(3).build(['y']), new Set(), limits).dispatches.length).toBe(2 * 3 + 1);
  });

  it('keeps to the binding limit', () => {
    const builder = new GraphBuilder('sum');
    const inputs = Array.from({ length: 24 }, (_, i) => builder.input(`x${i}`, { dtype: 'float32', shape: [4] }));
    inputs.reduce((sum, input) => builder.add('Add', [sum, input], {}));
    const made = plan(builder.build(['Add_22']), new Set(), limits);
    expect(Math.max(...made.dispatches.map(({ roots }) => roots.length))).toBeLessThanOrEqual(limits.maxBindings);
    expect(made.dispatches.length).toBe(3);
  });

  it('joins many operands in stages', () => {
    const builder = new GraphBuilder('wide');
    const inputs = Array.from({ length: 90 }, (_, i) => builder.input(`x${i}`, { dtype: 'float32', shape: [2, 1 + (i % 3)] }));
    builder.add('Concat', inputs, { axis: 1 }, { output: 'y' });
    const made = plan(builder.build(['y']), new Set(), limits);
    expect(Math.max(...made.dispatches.map(({ roots }) => roots.length))).toBeLessThanOrEqual(limits.maxBindings);
    expect(made.outputs.get('y')!.type.shape).toEqual([2, 180]);
  });

  it('reuses the arena', () => {
    const made = plan(chain(20).build(['y']), new Set(), limits);
    const total = [...made.offsets.keys()].reduce((sum, { type }) => sum + sizeOf(type.shape) * 4, 0);
    expect(made.memory.arena).toBeLessThan(total / 5);
  });

  it('is the same every time', () => {
    const once = plan(chain(5).build(['y']), new Set(), limits);
    const again = plan(chain(5).build(['y']), new Set(), limits);
    expect([...again.offsets.values()]).toEqual([...once.offsets.values()]);
    expect(again.dispatches.map(({ kernel }) => kernel)).toEqual(once.dispatches.map(({ kernel }) => kernel));
  });
});

it('places no two blocks that live at once over each other', () => {
  const lifetimes: Lifetime[] = Array.from({ length: 200 }, (_, i) => ({ bytes: 1 + ((i * 7919) % 5000), first: i, last: i + ((i * 31) % 17) }));
  const { offsets, bytes } = arrange(lifetimes);
  lifetimes.forEach((a, i) => {
    expect(offsets[i]! % 256).toBe(0);
    expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
    lifetimes.forEach((b, j) => {
      if (i === j || a.last < b.first || b.last < a.first) return;
      expect(offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!).toBe(true);
    });
  });
});
