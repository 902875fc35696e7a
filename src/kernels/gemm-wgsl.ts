import type { Epilogue } from './kernel';
import { binding, type Scalar } from './wgsl';

/** 0, 1, ..., count - 1 */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Declares the operands, the epilogue's operands and the output `y`, of one type. */
export function bindings(operands: readonly string[], epilogue: Epilogue | undefined, scalar: Scalar): string {
  return [
    ...operands.map((name, at) => binding(at, scalar, name)),
    ...(epilogue ? [epilogue.declarations(operands.length)] : []),
    binding(operands.length + (epilogue?.bindings ?? 0), scalar, 'y'),
  ].join('\n');
}

/** Spreads workgroups over x and y where one dimension does not hold them; the kernel skips the surplus. */
export function dispatch(groups: number): [number, number, number] {
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows, 1];
}

/** WGSL: the coordinate along an axis of the element whose row-major number over `shape` is `flat` (a name). */
export function coordinate(flat: string, shape: readonly number[], axis: number): string {
  const below = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const along = below === 1 ? flat : `${flat} / ${below}u`;
  return shape[axis] === 1 ? '0u' : axis === 0 ? along : `${along} % ${shape[axis]}u`;
}

/** WGSL: offset + sum(i * strides) of the element whose row-major number over `shape` is `flat` (a name). */
export function indexOf(flat: string, shape: readonly number[], strides: readonly number[], offset: number): string {
  const terms = shape.flatMap((dim, axis) => (strides[axis] === 0 || dim === 1 ? [] : [`${coordinate(flat, shape, axis)} * ${strides[axis]}u`]));
  return [...(offset || !terms.length ? [`${offset}u`] : []), ...terms].join(' + ');
}
