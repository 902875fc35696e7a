import { isFloat, sizeOf, stridesOf, type DType } from '../ir/tensor';
import { INT32, UINT32, word } from '../ir/word';
import type { Kernel, View } from './kernel';

/** How elements are held on the GPU: every floating dtype as f32, signed integers as i32, unsigned ones and bool as u32. */
export type Scalar = 'f32' | 'i32' | 'u32';

export function scalarOf(dtype: DType): Scalar {
  return isFloat(dtype) ? 'f32' : dtype.startsWith('int') ? 'i32' : 'u32';
}

export interface Operand {
  /** Its binding; operands that are views of one buffer share it, for a buffer may be bound for writing only once. */
  readonly slot: number;
  readonly view: View;
  readonly scalar: Scalar;
}

export function contiguous(shape: readonly number[]): View {
  return { shape, strides: stridesOf(shape), offset: 0 };
}

/** The view without axes of length 1, adjacent axes merged where one stride spans both. */
export function collapse({ shape, strides, offset }: View): View {
  const dims: number[] = [];
  const steps: number[] = [];
  shape.forEach((dim, axis) => {
    if (dim === 1) return;
    const last = dims.length - 1;
    if (last >= 0 && steps[last] === strides[axis]! * dim) {
      dims[last]! *= dim;
      steps[last] = strides[axis]!;
    } else {
      dims.push(dim);
      steps.push(strides[axis]!);
    }
  });
  return { shape: dims, strides: steps, offset };
}

export function isContiguous(view: View): boolean {
  const { shape, strides, offset } = collapse(view);
  return offset === 0 && (shape.length === 0 || (shape.length === 1 && strides[0] === 1));
}

/** WGSL for the position of the view's element at a row-major index (a u32 expression without side effects). */
export function place(view: View, index: string): string {
  const { shape, strides, offset } = collapse(view);
  const terms: string[] = [];
  let inner = sizeOf(shape);
  shape.forEach((dim, axis) => {
    inner = dim ? inner / dim : 1;
    const stride = strides[axis]!;
    if (stride === 0) return;
    const along = inner === 1 ? index : `(${index}) / ${inner}u`;
    const coordinate = axis === 0 ? along : `(${along}) % ${dim}u`;
    terms.push(stride === 1 ? `i32(${coordinate})` : `i32(${coordinate}) * ${stride}`);
  });
  if (terms.length === 1 && offset === 0 && strides.every((stride) => stride === 0 || stride === 1)) return terms[0]!.slice(4, -1);
  if (offset !== 0 || !terms.length) terms.push(String(offset));
  return `u32(${terms.join(' + ')})`;
}

/** A constant; infinities and NaN, which WGSL refuses as constants, through a pattern of bits at run time. Throws a UserError for an integer of more than 32 bits. */
export function literal(value: number, scalar: Scalar): string {
  if (scalar === 'f32') {
    const rounded = Math.fround(value);
    if (Number.isFinite(rounded)) return `f32(${Object.is(rounded, -0) ? '-0.0' : rounded})`;
    return `from_bits(${Number.isNaN(rounded) ? '0x7fc00000' : rounded > 0 ? '0x7f800000' : '0xff800000'}u)`;
  }
  return scalar === 'u32' ? `${word(Math.trunc(value), UINT32)}u` : `i32(${word(Math.trunc(value), INT32)})`;
}

export const FROM_BITS = 'fn from_bits(bits: u32) -> f32 { var pattern = bits; return bitcast<f32>(pattern); }';

/** Every binding is read_write: one arena holds operands and results, and a buffer may have one kind of use in a dispatch. */
export function binding(index: number, scalar: Scalar, name = `b${index}`): string {
  return `@group(0) @binding(${index}) var<storage, read_write> ${name}: array<${scalar}>;`;
}

export function bindings(operands: readonly Operand[], out: Scalar): string {
  const scalars = new Map(operands.map(({ slot, scalar }) => [slot, scalar]));
  return [...[...scalars].map(([slot, scalar]) => binding(slot, scalar)), binding(scalars.size, out, 'result')].join('\n');
}

/** WGSL that loads an operand's element at a row-major index. */
export function load(operands: readonly Operand[], operand: number, index: string): string {
  const { slot, view } = operands[operand]!;
  return `b${slot}[${place(view, index)}]`;
}

const MAX_GROUPS = 65535;

/** Folds a number of workgroups into dimensions of at most 65535; the kernel sees `group`. */
export function fold(groups: number): { readonly workgroups: Kernel['workgroups']; readonly group: string } {
  const x = Math.min(groups, MAX_GROUPS);
  const y = Math.min(Math.ceil(groups / x), MAX_GROUPS);
  const z = Math.ceil(groups / (x * y));
  return { workgroups: [x, y, z], group: `(workgroup.x + ${x}u * (workgroup.y + ${y}u * workgroup.z))` };
}

/** A kernel with one invocation per element: `body` sees its row-major index `i`. */
export function perElement(label: string, count: number, declarations: string, body: string): Kernel {
  const { workgroups, group } = fold(Math.ceil(count / 64));
  const wgsl = `${FROM_BITS}
${declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = ${group} * 64u + lane;
  if (i >= ${count}u) { return; }
${body}
}`;
  return { label, wgsl, workgroups };
}
