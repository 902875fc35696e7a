import { coordinate, indexOf, range } from './gemm-wgsl';

/**
 * How a product finds one operand's elements, as WGSL. A line is a row of A or a column of B; the contracted axis is walked as outer x inner.
 * `batch`, `outer` and `inner` are names in scope; what a method declares begins with `id`, which differs from line to line.
 */
export interface Operand {
  /** What depends on the batch only. */
  readonly batch: string;
  /** What depends on `outer` only. */
  readonly outer: string;
  line(id: string, line: string): string;
  /** What depends on the line and on `outer`. */
  along(id: string): string;
  /** The element at `inner`: an expression. */
  element(id: string): string;
  /** Neighbours along the contracted axis lie side by side in memory. */
  readonly dense: boolean;
}

interface Axes {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Element (batch, line, outer, inner) lies where strides say; batches, lines and outer positions may run over several axes. */
export interface StridedLayout {
  readonly offset: number;
  readonly batch: Axes;
  readonly line: Axes;
  readonly outer: Axes;
  readonly inner: number;
}

export function strided(name: string, buffer: string, { offset, batch, line, outer, inner }: StridedLayout): Operand {
  return {
    batch: `let ${name}Batch = ${indexOf('batch', batch.shape, batch.strides, offset)};`,
    outer: `let ${name}Outer = ${indexOf('outer', outer.shape, outer.strides, 0)};`,
    line: (id, at) => `let ${id}Line = ${name}Batch + ${indexOf(at, line.shape, line.strides, 0)};`,
    along: (id) => `let ${id}At = ${id}Line + ${name}Outer;`,
    element: (id) => `${buffer}[${id}At + inner * ${inner}u]`,
    dense: inner === 1,
  };
}

/**
 * What a convolution's window sees of a tensor (im2col, never stored). A line is a pair (lead, spatial position), outer a spatial position of the other
 * side: along every spatial axis the tensor is read at (line * lineStep + outer * outerStep + shift) / divisor, and is zero outside and between.
 */
export interface WindowLayout {
  readonly offset: number;
  /** Spatial lengths and strides of the tensor. */
  readonly size: readonly number[];
  readonly strides: readonly number[];
  /** Strides of the batch (the group), of the line's lead and of inner. */
  readonly batch: number;
  readonly lead: number;
  readonly inner: number;
  readonly line: readonly number[];
  readonly outer: readonly number[];
  readonly lineStep: readonly number[];
  readonly outerStep: readonly number[];
  readonly shift: readonly number[];
  readonly divisor: readonly number[];
}

export function window(name: string, buffer: string, layout: WindowLayout): Operand {
  const { offset, size, strides, batch, lead, inner, line, outer, lineStep, outerStep, shift, divisor } = layout;
  const axes = range(size.length);
  const positions = line.reduce((product, dim) => product * dim, 1);
  const checks = axes.flatMap((d) => [
    ...(leaves(layout, d) ? [(id: string) => `u32(${id}Q${d}) < ${size[d]! * divisor[d]!}u`] : []),
    ...(divisor[d]! > 1 ? [(id: string) => `u32(${id}Q${d}) % ${divisor[d]}u == 0u`] : []),
  ]);
  const place = (id: string): string => [`${id}Base`, ...axes.map((d) => `${id}Q${d}${divisor[d]! > 1 ? ` / ${divisor[d]}` : ''} * ${strides[d]}`)].join(' + ');
  const read = (id: string): string => `${buffer}[${id}At + inner * ${inner}u]`;
  return {
    batch: `let ${name}Batch = ${offset}u + batch * ${batch}u;`,
    outer: axes.map((d) => `let ${name}Outer${d} = i32(${coordinate('outer', outer, d)}) * ${outerStep[d]};`).join(' '),
    line: (id, at) =>
      [
        `let ${id}Base = i32(${name}Batch + ${at} / ${positions}u * ${lead}u);`,
        ...axes.map((d) => `let ${id}Line${d} = i32(${coordinate(`(${at} % ${positions}u)`, line, d)}) * ${lineStep[d]} + ${shift[d]};`),
      ].join(' '),
    along: (id) =>
      [
        ...axes.map((d) => `let ${id}Q${d} = ${id}Line${d} + ${name}Outer${d};`),
        ...(checks.length ? [`let ${id}Inside = ${checks.map((check) => `(${check(id)})`).join(' & ')};`] : []),
        `let ${id}At = u32(${place(id)});`,
      ].join(' '),
    element: (id) => (checks.length ? `select(0.0, ${read(id)}, ${id}Inside)` : read(id)),
    dense: inner === 1,
  };
}

/** Whether a window reaches over the tensor's rim along an axis. */
function leaves({ size, line, outer, lineStep, outerStep, shift, divisor }: WindowLayout, d: number): boolean {
  const ends = [0, (line[d]! - 1) * lineStep[d]!].flatMap((a) => [0, (outer[d]! - 1) * outerStep[d]!].map((b) => a + b + shift[d]!));
  return Math.min(...ends) < 0 || Math.max(...ends) >= size[d]! * divisor[d]!;
}
