import { sizeOf, stridesOf } from '../ir/tensor';
import type { OpAttributes } from '../ir/ops';
import type { View } from '../kernels/kernel';
import { collapse } from '../kernels/wgsl';

export function transpose(view: View, { perm }: OpAttributes['Transpose']): View {
  return { shape: perm.map((axis) => view.shape[axis]!), strides: perm.map((axis) => view.strides[axis]!), offset: view.offset };
}

export function slice(view: View, shape: readonly number[], { starts, steps }: OpAttributes['Slice']): View {
  if (sizeOf(shape) === 0) return { shape, strides: stridesOf(shape), offset: 0 };
  const offset = starts.reduce((sum, start, axis) => sum + start * view.strides[axis]!, view.offset);
  return { shape, strides: view.strides.map((stride, axis) => stride * steps[axis]!), offset };
}

export function broadcast(view: View, shape: readonly number[]): View {
  const lead = shape.length - view.shape.length;
  return { shape, strides: shape.map((_, axis) => (axis < lead || view.shape[axis - lead] === 1 ? 0 : view.strides[axis - lead]!)), offset: view.offset };
}

/** The view in another shape, if strides can express it. */
export function reshape(view: View, shape: readonly number[]): View | undefined {
  if (sizeOf(shape) === 0) return { shape, strides: stridesOf(shape), offset: 0 };
  const { shape: dims, strides: steps } = collapse(view);
  const strides = new Array<number>(shape.length).fill(0);
  let group = dims.length - 1;
  let left = dims[group] ?? 1;
  let step = steps[group] ?? 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const dim = shape[axis]!;
    if (dim === 1) continue;
    if (left === 1) {
      group--;
      left = dims[group]!;
      step = steps[group]!;
    }
    if (left % dim !== 0) return undefined;
    strides[axis] = step;
    left /= dim;
    step *= dim;
  }
  return { shape, strides, offset: view.offset };
}
