import type { DType } from '../../ir/tensor';
import { dtypeOf, saturated } from './arithmetic';
import type { Family, Lowering } from './lowering';

/** A scale or zero point in float32 and in the shape that broadcasts to the operand: one for all, one an index of the axis, or one a block along it. */
function spread(l: Lowering, i: number): string {
  const value = l.cast(l.input(i), 'float32');
  const [shape, own] = [l.shape(0), l.shape(i)];
  if (own.length === 0 || (own.length === 1 && own[0] === 1)) return l.reshape(value, []);
  const axis = l.axisOf(1);
  if (own.length === 1) return l.reshape(value, shape.map((dim, d) => (d === axis ? dim : 1)));
  const block = l.number('block_size', 0) || l.fail('its scale has as many axes as its operand, but there is no block_size');
  const apart = l.reshape(value, [...own.slice(0, axis + 1), 1, ...own.slice(axis + 1)]);
  const repeated = l.reshape(l.expand(apart, [...own.slice(0, axis + 1), block, ...own.slice(axis + 1)]), own.map((dim, d) => (d === axis ? dim * block : dim)));
  return l.slice(repeated, axis, 0, shape[axis]!);
}

// x = (q - zero) scale
function dequantize(l: Lowering): string {
  const q = l.cast(l.input(0), 'float32');
  return l.apply('Mul', l.has(2) ? l.apply('Sub', q, spread(l, 2)) : q, spread(l, 1));
}

// q = clamp(round(x / scale) + zero)
function quantize(l: Lowering): string {
  const dtype: DType = l.has(2) ? l.dtype(2) : l.node.attributes.has('output_dtype') && l.number('output_dtype', 0) ? dtypeOf(l, 'output_dtype') : 'uint8';
  const steps = l.apply('Round', l.apply('Div', l.input(0), spread(l, 1)));
  return saturated(l, l.has(2) ? l.apply('Add', steps, spread(l, 2)) : steps, dtype);
}

// scale = (max(x, 0) - min(x, 0)) / 255,  zero = round(-min / scale)
function dynamicQuantize(l: Lowering): readonly string[] {
  const x = l.input(0);
  const axes = l.shape(0).map((_, i) => i);
  const zero = l.scalar(0, x);
  const low = l.apply('Min', l.reduce('ReduceMin', x, axes, false), zero);
  const high = l.apply('Max', l.reduce('ReduceMax', x, axes, false), zero);
  const scale = l.apply('Div', l.apply('Sub', high, low), l.scalar(255, x));
  const point = l.apply('Round', l.apply('Div', l.apply('Neg', low), scale));
  return [saturated(l, l.apply('Add', l.apply('Round', l.apply('Div', x, scale)), point), 'uint8'), scale, saturated(l, point, 'uint8')];
}

export const QUANTIZATION: Family = { DequantizeLinear: dequantize, QuantizeLinear: quantize, DynamicQuantizeLinear: dynamicQuantize };
