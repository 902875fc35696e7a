import type { ScatterReduction } from '../ir/ops';
import { sizeOf, stridesOf } from '../ir/tensor';
import type { Generator } from './generate';
import { bindings, load, perElement, type Operand } from './wgsl';

/** WGSL of an index as a position: negative ones count from the end, and what lies outside is clamped. */
function position(index: string, length: number): string {
  return `u32(clamp(select(i32(${index}), i32(${index}) + ${length}, i32(${index}) < 0), 0, ${Math.max(0, length - 1)}))`;
}

const COMBINE: { readonly [R in ScatterReduction]: string } = {
  none: 'value = update;',
  add: 'value += update;',
  mul: 'value *= update;',
  max: 'value = max(value, update);',
  min: 'value = min(value, update);',
};

export const Gather: Generator<'Gather'> = ({ operands, shape, scalar, attributes: { axis } }) => {
  const x = operands[0]!.view.shape;
  const inner = sizeOf(x.slice(axis + 1));
  const count = sizeOf(operands[1]!.view.shape);
  const body = `  let which = (i / ${inner}u) % ${count}u;
  let at = ${position(load(operands, 1, 'which'), x[axis]!)};
  let source = ((i / ${inner * count}u) * ${x[axis]}u + at) * ${inner}u + i % ${inner}u;
  result[i] = ${load(operands, 0, 'source')};`;
  return perElement(`Gather [${x}] -> [${shape}]`, sizeOf(shape), bindings(operands, scalar), body);
};

/** Row-major position in `of` of the element i of `shape`, its coordinate along `axis` left out. */
function besideAxis(i: string, shape: readonly number[], of: readonly number[], axis: number): string {
  const from = stridesOf(shape);
  const to = stridesOf(of);
  return shape.flatMap((dim, d) => (d === axis || dim === 1 ? [] : [`((${i} / ${from[d]}u) % ${dim}u) * ${to[d]}u`])).join(' + ') || '0u';
}

export const GatherElements: Generator<'GatherElements'> = ({ operands, shape, scalar, attributes: { axis } }) => {
  const x = operands[0]!.view.shape;
  const body = `  let source = ${besideAxis('i', shape, x, axis)} + ${position(load(operands, 1, 'i'), x[axis]!)} * ${stridesOf(x)[axis]}u;
  result[i] = ${load(operands, 0, 'source')};`;
  return perElement(`GatherElements [${x}] -> [${shape}]`, sizeOf(shape), bindings(operands, scalar), body);
};

/** WGSL of the start of the slice that index vector `vector` names. */
function sliceStart(operands: readonly Operand[], vector: string, batchDims: number): string {
  const x = operands[0]!.view.shape;
  const depth = operands[1]!.view.shape.at(-1)!;
  const strides = stridesOf(x);
  const terms = Array.from({ length: depth }, (_, d) => `${position(load(operands, 1, `(${vector} * ${depth}u + ${d}u)`), x[batchDims + d]!)} * ${strides[batchDims + d]}u`);
  return terms.join(' + ') || '0u';
}

export const GatherND: Generator<'GatherND'> = ({ operands, shape, scalar, attributes: { batchDims } }) => {
  const x = operands[0]!.view.shape;
  const indices = operands[1]!.view.shape;
  const length = sizeOf(x.slice(batchDims + indices.at(-1)!));
  const perBatch = sizeOf(indices.slice(batchDims, -1));
  const body = `  let vector = i / ${length}u;
  let source = (vector / ${perBatch}u) * ${sizeOf(x.slice(batchDims))}u + ${sliceStart(operands, 'vector', batchDims)} + i % ${length}u;
  result[i] = ${load(operands, 0, 'source')};`;
  return perElement(`GatherND [${x}] -> [${shape}]`, sizeOf(shape), bindings(operands, scalar), body);
};

/** Every output element looks through the updates that may fall on it, in their order: the sum does not depend on scheduling. */
export const ScatterElements: Generator<'ScatterElements'> = ({ operands, shape, scalar, attributes: { axis, reduction } }) => {
  const updates = operands[1]!.view.shape;
  const strides = stridesOf(shape);
  const inside = shape.flatMap((dim, d) => (d === axis || updates[d] === dim ? [] : [`((i / ${strides[d]}u) % ${dim}u) < ${updates[d]}u`])).join(' && ') || 'true';
  const beside = shape.flatMap((dim, d) => (d === axis || dim === 1 ? [] : [`((i / ${strides[d]}u) % ${dim}u) * ${stridesOf(updates)[d]}u`])).join(' + ') || '0u';
  const body = `  var value = ${load(operands, 0, 'i')};
  if (${inside}) {
    let mine = (i / ${strides[axis]}u) % ${shape[axis]}u;
    for (var k = 0u; k < ${updates[axis]}u; k++) {
      let source = ${beside} + k * ${stridesOf(updates)[axis]}u;
      if (${position(load(operands, 1, 'source'), shape[axis]!)} == mine) { let update = ${load(operands, 2, 'source')}; ${COMBINE[reduction]} }
    }
  }
  result[i] = value;`;
  return perElement(`ScatterElements [${shape}] by [${updates}]`, sizeOf(shape), bindings(operands, scalar), body);
};

export const ScatterND: Generator<'ScatterND'> = ({ operands, shape, scalar, attributes: { reduction } }) => {
  const indices = operands[1]!.view.shape;
  const length = sizeOf(shape.slice(indices.at(-1)!));
  const body = `  var value = ${load(operands, 0, 'i')};
  let within = i % ${length}u;
  for (var vector = 0u; vector < ${sizeOf(indices.slice(0, -1))}u; vector++) {
    if (${sliceStart(operands, 'vector', 0)} == i - within) { let source = vector * ${length}u + within; let update = ${load(operands, 2, 'source')}; ${COMBINE[reduction]} }
  }
  result[i] = value;`;
  return perElement(`ScatterND [${shape}] by [${indices}]`, sizeOf(shape), bindings(operands, scalar), body);
};
