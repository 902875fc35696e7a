import { UserError } from '../ir/errors';
import { sizeOf, stridesOf } from '../ir/tensor';

/** NumPy's broadcast of shapes. */
export function broadcastShapes(op: string, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, i) => {
      const axis = rank - shape.length + i;
      if (out[axis] === 1) out[axis] = dim;
      else if (dim !== 1 && dim !== out[axis]) throw new UserError(`${op} cannot broadcast the shapes ${shapes.map((s) => `[${s}]`).join(' and ')}`, '', 'Make the dimensions equal, or 1');
    });
  }
  return out;
}

/** Element strides of an operand as seen from a shape that it broadcasts to: 0 along the broadcast axes. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]!));
}

/** For each element of `shape` in row-major order, its position under other strides. */
export function walk(shape: readonly number[], strides: readonly number[], visit: (position: number, index: number) => void, offset = 0): void {
  const size = sizeOf(shape);
  if (size === 0) return;
  const counter = new Array<number>(shape.length).fill(0);
  let position = offset;
  for (let index = 0; index < size; index++) {
    visit(position, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++counter[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
}
