import { sizeOf } from '../ir/tensor';
import type { Kernel, KernelLimits } from './kernel';
import { MATHS } from './maths';
import { FROM_BITS, bindings, fold, type Operand, type Scalar } from './wgsl';

/** Writes the body of a kernel that works through rows: one workgroup a row, or one invocation a row where rows are short or barriers dear. */
export class RowWriter {
  readonly lanes: number;
  private readonly lines: string[] = [];

  constructor(readonly length: number, limits: KernelLimits) {
    this.lanes = limits.software || length < 64 ? 1 : Math.min(256, limits.maxInvocations);
  }

  /** Declares `name`, the combination over k < length of value('k'). */
  reduce(name: string, scalar: Scalar, start: string, combine: (a: string, b: string) => string, value: (k: string) => string): void {
    this.lines.push(`var ${name}: ${scalar} = ${start};`, this.loop(`${name} = ${combine(name, value('k'))};`));
    if (this.lanes === 1) return;
    this.lines.push(
      `shared_${scalar}[lane] = ${name};`,
      'workgroupBarrier();',
      `for (var width = ${this.lanes / 2}u; width > 0u; width /= 2u) { if (lane < width) { shared_${scalar}[lane] = ${combine(`shared_${scalar}[lane]`, `shared_${scalar}[lane + width]`)}; } workgroupBarrier(); }`,
      `${name} = shared_${scalar}[0];`,
      'workgroupBarrier();',
    );
  }

  each(statement: string): void {
    this.lines.push(this.loop(statement));
  }

  /** A statement that one invocation of the row executes. */
  once(statement: string): void {
    this.lines.push(this.lanes === 1 ? statement : `if (lane == 0u) { ${statement} }`);
  }

  let(name: string, value: string): void {
    this.lines.push(`let ${name} = ${value};`);
  }

  kernel(label: string, rows: number, operands: readonly Operand[], out: Scalar): Kernel {
    const width = this.lanes === 1 ? 64 : this.lanes;
    const { workgroups, group } = fold(this.lanes === 1 ? Math.ceil(rows / 64) : rows);
    const shared = this.lanes === 1 ? '' : (['f32', 'i32', 'u32'] as const).filter((scalar) => this.lines.some((line) => line.includes(`shared_${scalar}`))).map((scalar) => `var<workgroup> shared_${scalar}: array<${scalar}, ${width}>;`).join('\n');
    const row = this.lanes === 1 ? `${group} * 64u + lane` : group;
    const wgsl = `${FROM_BITS}
${MATHS}
${bindings(operands, out)}
${shared}
@compute @workgroup_size(${width})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = ${row};
  if (row >= ${rows}u) { return; }
  ${this.lines.join('\n  ')}
}`;
    return { label, wgsl, workgroups };
  }

  private loop(statement: string): string {
    const [from, step] = this.lanes === 1 ? ['0u', '1u'] : ['lane', `${this.lanes}u`];
    return `for (var k = ${from}; k < ${this.length}u; k += ${step}) { ${statement} }`;
  }
}

/** Rows along one axis: how many, how long, and the row-major index of element k. */
export function alongAxis(shape: readonly number[], axis: number): { rows: number; length: number; at: (k: string) => string } {
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis]!;
  const at = (k: string): string => (inner === 1 ? `(row * ${length}u + ${k})` : `((row / ${inner}u) * ${length * inner}u + row % ${inner}u + ${k} * ${inner}u)`);
  return { rows: sizeOf(shape.slice(0, axis)) * inner, length, at };
}
