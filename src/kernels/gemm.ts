import type { Operand } from './gemm-operand';
import { bindings, dispatch, range } from './gemm-wgsl';
import type { Epilogue, Kernel, KernelLimits } from './kernel';
import type { Scalar } from './wgsl';

/** Y[batch, row, column] = sum over outer and inner of A[batch, row, ...] B[batch, ..., column]. */
export interface Product {
  readonly label: string;
  /** Of operands and sums. */
  readonly scalar: Scalar;
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  /** The contracted axis has outer x inner elements. */
  readonly outer: number;
  readonly inner: number;
  readonly a: Operand;
  readonly b: Operand;
  /** Names of the operands' bindings, in order. */
  readonly buffers: readonly string[];
  /** WGSL: an element of Y is stored at the sum of both. The epilogue counts in it. */
  readonly storeRow: (row: string) => string;
  readonly storeColumn: (column: string) => string;
  readonly limits: KernelLimits;
  readonly epilogue: Epilogue | undefined;
}

export function gemm(product: Product): Kernel {
  return product.limits.software || product.limits.maxInvocations < 256 ? registerTiled(product) : workgroupTiled(product);
}

const element = (m: number, n: number): string => `c${m}_${n}`;

const accumulators = (scalar: Scalar, rows: number, columns: number): string =>
  range(rows).map((i) => `  ${range(columns).map((j) => `var ${element(i, j)} = ${scalar}(0);`).join(' ')}`).join('\n');

const products = (rows: number, columns: number): string =>
  range(rows).map((i) => `      ${range(columns).map((j) => `${element(i, j)} += a${i} * b${j};`).join(' ')}`).join('\n');

/** Stores what an invocation has summed of a tile; conditions only where tiles may reach over the rim, for compilers take their time over them. */
function stores({ m, n, epilogue, storeRow, storeColumn }: Product, rows: number, columns: number, tileM = rows, tileN = columns): string {
  const within = (wanted: boolean, at: string, count: number, statements: string): string => (wanted ? `if (${at} < ${count}u) { ${statements} }` : `{ ${statements} }`);
  const store = (i: number, j: number): string => `y[y${i} + x${j}] = ${epilogue?.apply(element(i, j), `(y${i} + x${j})`) ?? element(i, j)};`;
  const row = (i: number): string => [`let y${i} = ${storeRow(`(m0 + ${i}u)`)};`, ...range(columns).map((j) => within(n % tileN !== 0, `n0 + ${j}u`, n, store(i, j)))].join('\n    ');
  return [
    ...range(columns).map((j) => `  let x${j} = ${storeColumn(`(n0 + ${j}u)`)};`),
    ...range(rows).map((i) => `  ${within(m % tileM !== 0, `m0 + ${i}u`, m, row(i))}`),
  ].join('\n');
}

/** The same as loops over a copy of the tile: SwiftShader's compiler takes up to eight times as long over the unrolled form, and its registers are memory anyhow. */
function storeLoop({ scalar, m, n, epilogue, storeRow, storeColumn }: Product, rows: number, columns: number): string {
  const value = `sums[i * ${columns}u + j]`;
  const end = (size: number, count: number, from: string): string => (count % size ? `min(${size}u, ${count}u - ${from})` : `${size}u`);
  return `  var sums = array<${scalar}, ${rows * columns}>(${range(rows).flatMap((i) => range(columns).map((j) => element(i, j))).join(', ')});
  for (var i = 0u; i < ${end(rows, m, 'm0')}; i++) {
    let rowAt = ${storeRow('(m0 + i)')};
    for (var j = 0u; j < ${end(columns, n, 'n0')}; j++) {
      let at = rowAt + ${storeColumn('(n0 + j)')};
      y[at] = ${epilogue?.apply(value, 'at') ?? value};
    }
  }`;
}

/** The largest tile side of 8, 4, 2, 1 that wastes less than half of itself; small products get smaller tiles, which compile in half the time. */
const side = (length: number, work: number): number => (work < 2 ** 21 ? [4, 2] : [8, 4, 2]).find((size) => length > size / 2) ?? 1;

/**
 * Every invocation computes a tile in registers, straight from storage. SwiftShader on two shared cores, 512 x 512 x 512: tiles of 4 x 4 1.9,
 * 8 x 4 2.5, 8 x 8 3.0, 16 x 8 2.7 GFLOP/s; vec4 loads made no difference (1.98 against 1.95, 3.05 against 3.09).
 */
function registerTiled(product: Product): Kernel {
  const { scalar, m, n, outer, inner, a, b, batches } = product;
  const work = m * n * outer * inner;
  const [rows, columns] = [side(m, work), side(n, work)];
  const [tilesM, tilesN] = [Math.ceil(m / rows), Math.ceil(n / columns)];
  const tiles = batches * tilesM * tilesN;
  // A workgroup stays on one core.
  const size = tiles < 512 ? 8 : 64;
  const grid = dispatch(Math.ceil(tiles / size));
  const wgsl = `${bindings(product.buffers, product.epilogue, scalar)}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = (group.x + group.y * ${grid[0]}u) * ${size}u + lane;
  if (tile >= ${tiles}u) { return; }
  let batch = tile / ${tilesM * tilesN}u;
  let m0 = tile % ${tilesM}u * ${rows}u;
  let n0 = tile / ${tilesM}u % ${tilesN}u * ${columns}u;
  ${a.batch} ${b.batch}
${range(rows).map((i) => `  let row${i} = min(m0 + ${i}u, ${m - 1}u); ${a.line(`a${i}`, `row${i}`)}`).join('\n')}
${range(columns).map((j) => `  let column${j} = min(n0 + ${j}u, ${n - 1}u); ${b.line(`b${j}`, `column${j}`)}`).join('\n')}
${accumulators(scalar, rows, columns)}
  for (var outer = 0u; outer < ${outer}u; outer++) {
    ${a.outer} ${b.outer}
${range(rows).map((i) => `    ${a.along(`a${i}`)}`).join('\n')}
${range(columns).map((j) => `    ${b.along(`b${j}`)}`).join('\n')}
    for (var inner = 0u; inner < ${inner}u; inner++) {
${range(rows).map((i) => `      let a${i} = ${a.element(`a${i}`)};`).join('\n')}
${range(columns).map((j) => `      let b${j} = ${b.element(`b${j}`)};`).join('\n')}
${products(rows, columns)}
    }
  }
${storeLoop(product, rows, columns)}
}`;
  return { label: product.label, wgsl, workgroups: grid };
}

/** The depth of a slab: how much of the contracted axis lies in workgroup memory at once. */
const DEPTH = 16;

/** 16 x 16 invocations share slabs of A and B in workgroup memory (8 KiB); each keeps 4 x 4 (small products: 2 x 2) sums. */
function workgroupTiled(product: Product): Kernel {
  const { scalar, m, n, outer, inner, a, b, batches } = product;
  const each = Math.ceil(m / 64) * Math.ceil(n / 64) * batches >= 64 ? 4 : 2;
  const tile = 16 * each;
  const [tilesM, tilesN] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const groups = batches * tilesM * tilesN;
  const grid = dispatch(groups);
  const slabs = [slab(product, a, 'a', 'rowBase', m, each), slab(product, b, 'b', 'columnBase', n, each)];
  const wgsl = `${bindings(product.buffers, product.epilogue, scalar)}
var<workgroup> slab_a: array<${scalar}, ${DEPTH * tile}>;
var<workgroup> slab_b: array<${scalar}, ${DEPTH * tile}>;
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
  ${a.batch} ${b.batch}
${slabs.map(({ lines }) => lines).join('\n')}
${accumulators(scalar, each, each)}
  for (var k0 = 0u; k0 < ${outer * inner}u; k0 += ${DEPTH}u) {
${slabs.map(({ load }) => load).join('\n')}
    workgroupBarrier();
    for (var k1 = 0u; k1 < ${DEPTH}u; k1++) {
${range(each).map((i) => `      let a${i} = slab_a[k1 * ${tile}u + localM + ${i}u]; let b${i} = slab_b[k1 * ${tile}u + localN + ${i}u];`).join('\n')}
${products(each, each)}
    }
    workgroupBarrier();
  }
${stores(product, each, each, tile, tile)}
}`;
  return { label: product.label, wgsl, workgroups: grid };
}

/** How 256 invocations fill a slab [DEPTH, 16 each] of lines from `base` on, of `count` there are: neighbours load neighbours, whichever axis is dense. */
function slab({ scalar, outer, inner }: Product, operand: Operand, name: string, base: string, count: number, each: number): { readonly lines: string; readonly load: string } {
  const tile = 16 * each;
  const length = outer * inner;
  const ragged = length % DEPTH !== 0;
  const within = (part: number): { k: string; line: string; id: string } =>
    operand.dense
      ? { k: `lane % ${DEPTH}u`, line: `lane / ${DEPTH}u + ${part * (256 / DEPTH)}u`, id: `${name}${part}` }
      : { k: `lane / ${tile}u + ${part * (256 / tile)}u`, line: `lane % ${tile}u`, id: `${name}0` };
  const load = (part: number): string => {
    const { k, line, id } = within(part);
    const at = ragged ? `min(k0 + k1, ${length - 1}u)` : 'k0 + k1';
    const value = ragged ? `select(${scalar}(0), ${operand.element(id)}, k0 + k1 < ${length}u)` : operand.element(id);
    return `    { let k1 = ${k}; let k = ${at}; let outer = k / ${inner}u; let inner = k % ${inner}u; ${operand.outer} ${operand.along(id)} slab_${name}[k1 * ${tile}u + ${line}] = ${value}; }`;
  };
  return {
    lines: range(operand.dense ? each : 1).map((part) => `  let line_${name}${part} = min(${base} + ${within(part).line}, ${count - 1}u); ${operand.line(`${name}${part}`, `line_${name}${part}`)}`).join('\n'),
    load: range(each).map(load).join('\n'),
  };
}
