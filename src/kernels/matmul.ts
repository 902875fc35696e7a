import type { Epilogue, Kernel, KernelLimits, View } from './kernel';
import { foldMatMul, type MatMulLayout } from './matmul-layout';
import { bindings, dispatch, indexOf, range } from './matmul-wgsl';

export interface MatMulOptions {
  readonly label: string;
  readonly a: View;
  readonly b: View;
  readonly limits: KernelLimits;
  readonly epilogue?: Epilogue | undefined;
  /** Both operands are views of one buffer, which is bound once (a buffer may be bound for writing only once). */
  readonly oneBuffer?: boolean;
}

/** Y = A B over the last two axes, batches broadcast. The product is stored densely, row by row; epilogue indices count in it. */
export function matmul(options: MatMulOptions): Kernel {
  const layout = foldMatMul(options.a, options.b);
  return options.limits.software || options.limits.maxInvocations < 256 ? registerTiled(options, layout) : workgroupTiled(options, layout);
}

const names = (options: MatMulOptions): readonly string[] => (options.oneBuffer ? ['a'] : ['a', 'b']);
const element = (tile: string, m: number, n: number): string => `${tile}${m}_${n}`;

function batchOffsets(layout: MatMulLayout): string {
  return `  let aBatch = ${indexOf('batch', layout.batch, layout.a.batch, layout.a.offset)};
  let bBatch = ${indexOf('batch', layout.batch, layout.b.batch, layout.b.offset)};`;
}

function stores(options: MatMulOptions, layout: MatMulLayout, rows: number, columns: number): string {
  const { m, n } = layout;
  const store = (i: number, j: number): string => {
    const value = element('c', i, j);
    const at = `y${i} + n0 + ${j}u`;
    return `if (n0 + ${j}u < ${n}u) { y[${at}] = ${options.epilogue?.apply(value, `(${at})`) ?? value}; }`;
  };
  return range(rows)
    .map((i) => `  if (m0 + ${i}u < ${m}u) {
    let y${i} = (batch * ${m}u + m0 + ${i}u) * ${n}u;
    ${range(columns).map((j) => store(i, j)).join('\n    ')}
  }`)
    .join('\n');
}

const accumulators = (rows: number, columns: number): string =>
  range(rows).map((i) => `  ${range(columns).map((j) => `var ${element('c', i, j)} = 0.0;`).join(' ')}`).join('\n');

const products = (rows: number, columns: number): string =>
  range(rows).map((i) => `    ${range(columns).map((j) => `${element('c', i, j)} += a${i} * b${j};`).join(' ')}`).join('\n');

/** The largest tile side of 8, 4, 2, 1 that wastes less than half of itself. */
const side = (length: number): number => [8, 4, 2].find((size) => length > size / 2) ?? 1;

/**
 * Every invocation computes a tile in registers, straight from storage. SwiftShader on two shared cores, 512 x 512 x 512: tiles of 4 x 4 1.9,
 * 8 x 4 2.5, 8 x 8 3.0, 16 x 8 2.7 GFLOP/s; vec4 loads made no difference (1.98 against 1.95, 3.05 against 3.09).
 */
function registerTiled(options: MatMulOptions, layout: MatMulLayout): Kernel {
  const { m, n, k, a, b, batches } = layout;
  const [rows, columns] = [side(m), side(n)];
  const [tilesM, tilesN] = [Math.ceil(m / rows), Math.ceil(n / columns)];
  const size = 64;
  const grid = dispatch(Math.ceil((batches * tilesM * tilesN) / size));
  const second = options.oneBuffer ? 'a' : 'b';
  const wgsl = `${bindings(names(options), options.epilogue)}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = (group.x + group.y * ${grid[0]}u) * ${size}u + lane;
  if (tile >= ${batches * tilesM * tilesN}u) { return; }
  let batch = tile / ${tilesM * tilesN}u;
  let m0 = tile % ${tilesM}u * ${rows}u;
  let n0 = tile / ${tilesM}u % ${tilesN}u * ${columns}u;
${batchOffsets(layout)}
${range(rows).map((i) => `  let aAt${i} = aBatch + min(m0 + ${i}u, ${m - 1}u) * ${a.row}u;`).join('\n')}
${range(columns).map((j) => `  let bAt${j} = bBatch + min(n0 + ${j}u, ${n - 1}u) * ${b.column}u;`).join('\n')}
${accumulators(rows, columns)}
  for (var k = 0u; k < ${k}u; k++) {
${range(rows).map((i) => `    let a${i} = a[aAt${i} + k * ${a.column}u];`).join('\n')}
${range(columns).map((j) => `    let b${j} = ${second}[bAt${j} + k * ${b.row}u];`).join('\n')}
${products(rows, columns)}
  }
${stores(options, layout, rows, columns)}
}`;
  return { label: options.label, wgsl, workgroups: grid };
}

/** 16 x 16 invocations share slabs of 16 columns of A and rows of B in workgroup memory (8 KiB); each keeps 4 x 4 (small products: 2 x 2) sums. */
function workgroupTiled(options: MatMulOptions, layout: MatMulLayout): Kernel {
  const { m, n, k, a, b, batches } = layout;
  const each = Math.ceil(m / 64) * Math.ceil(n / 64) * batches >= 64 ? 4 : 2;
  const tile = 16 * each;
  const [tilesM, tilesN] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const groups = batches * tilesM * tilesN;
  const grid = dispatch(groups);
  const second = options.oneBuffer ? 'a' : 'b';
  // Neighbouring invocations load neighbouring elements, whichever axis is dense.
  const split = (dense: boolean, at: string): string => (dense ? `let k1 = ${at} % 16u; let o1 = ${at} / 16u;` : `let k1 = ${at} / ${tile}u; let o1 = ${at} % ${tile}u;`);
  const load = (part: number): string => `    {
      let at = lane + ${256 * part}u;
      { ${split(a.column === 1, 'at')} slabA[k1 * ${tile}u + o1] = select(0.0, a[aBatch + min(rowBase + o1, ${m - 1}u) * ${a.row}u + min(k0 + k1, ${k - 1}u) * ${a.column}u], k0 + k1 < ${k}u); }
      { ${split(b.row === 1, 'at')} slabB[k1 * ${tile}u + o1] = select(0.0, ${second}[bBatch + min(columnBase + o1, ${n - 1}u) * ${b.column}u + min(k0 + k1, ${k - 1}u) * ${b.row}u], k0 + k1 < ${k}u); }
    }`;
  const wgsl = `${bindings(names(options), options.epilogue)}
var<workgroup> slabA: array<f32, ${16 * tile}>;
var<workgroup> slabB: array<f32, ${16 * tile}>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let flat = group.x + group.y * ${grid[0]}u;
  if (flat >= ${groups}u) { return; }
  let batch = flat / ${tilesM * tilesN}u;
  let rowBase = flat / ${tilesN}u % ${tilesM}u * ${tile}u;
  let columnBase = flat % ${tilesN}u * ${tile}u;
  let localM = lane / 16u * ${each}u;
  let localN = lane % 16u * ${each}u;
  let m0 = rowBase + localM;
  let n0 = columnBase + localN;
${batchOffsets(layout)}
${accumulators(each, each)}
  for (var k0 = 0u; k0 < ${k}u; k0 += 16u) {
${range(each).map(load).join('\n')}
    workgroupBarrier();
    for (var k1 = 0u; k1 < 16u; k1++) {
${range(each).map((i) => `      let a${i} = slabA[k1 * ${tile}u + localM + ${i}u]; let b${i} = slabB[k1 * ${tile}u + localN + ${i}u];`).join('\n')}
${products(each, each)}
    }
    workgroupBarrier();
  }
${stores(options, layout, each, each)}
}`;
  return { label: options.label, wgsl, workgroups: grid };
}
