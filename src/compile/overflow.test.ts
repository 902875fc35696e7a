import { describe, expect, it } from 'vitest';
import { UserError } from '../ir/errors';
import type { OpAttributes, OpName } from '../ir/ops';
import { tensorFrom } from '../ir/tensor';
import { literal } from '../kernels/wgsl';
import { GraphBuilder } from '../ops/builder';
import { overflowCheck, type OverflowCheck } from './overflow';

/** y = op(x, constant), 64-bit. */
function check<P extends OpName>(op: P, attributes: OpAttributes[P], constant?: number): OverflowCheck {
  const builder = new GraphBuilder('g');
  const inputs = [builder.input('x', { dtype: 'int64', shape: [4, 4] }), ...(constant === undefined ? [] : [builder.constant(tensorFrom('int64', [4, 4], Array<number>(16).fill(constant)))])];
  return overflowCheck(builder.build([builder.add(op, inputs, attributes, { node: 'the node' })]));
}

const filled = (value: number) => ({ x: tensorFrom('int64', [4, 4], Array<number>(16).fill(value)) });

describe('64-bit integers in 32 bits', () => {
  it.each([
    ['Add', {}, 1, 2 ** 31 - 2], ['Sub', {}, 1, -(2 ** 31) + 1], ['Mul', {}, -2, 2 ** 30], ['MatMul', {}, 2 ** 15, 2 ** 14 - 1], ['Neg', {}, undefined, -(2 ** 31) + 1],
    ['ReduceSum', { axes: [1], keepdims: true }, undefined, 2 ** 29 - 1], ['Mod', { fmod: false }, 2 ** 31 - 1, 5],
  ] as const)('%s may reach the limit and not pass it', (op, attributes, constant, most) => {
    const verify = check(op, attributes as never, constant);
    expect(() => verify(filled(most))).not.toThrow();
    if (op !== 'Mod') expect(() => verify(filled(most + Math.sign(most)))).toThrow(/the node/);
  });

  it('lets the extremes stand for "without end", and floats be', () => {
    expect(() => check('Min', {}, 7)(filled(2 ** 63))).not.toThrow();
    const builder = new GraphBuilder('floats');
    const x = builder.input('x', { dtype: 'float32', shape: [2] });
    expect(() => overflowCheck(builder.build([builder.add('Add', [x, x], {})]))({ x: tensorFrom('float32', [2], [3e38, 3e38]) })).not.toThrow();
  });

  it('refuses constants that would be cut off in a shader', () => {
    expect(literal(2 ** 63, 'i32')).toBe('i32(2147483647)');
    expect(() => literal(5e9, 'i32')).toThrow(UserError);
    expect(() => literal(-1, 'u32')).toThrow(UserError);
  });
});
