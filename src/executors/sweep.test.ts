import { afterAll, describe, expect, it } from 'vitest';
import { openNodeGpu } from '../gpu/node';
import type { Graph } from '../ir/graph';
import type { OpAttributes, OpName } from '../ir/ops';
import { isFloat, sizeOf, tensorFrom, toNumbers, type DType, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { embedded } from '../testing/conformance';
import { randomNumbers } from '../testing/random';
import type { Executor } from './executor';
import { createNodeOrt } from './ort-node';
import { ReferenceExecutor } from './reference';
import { webgpuExecutor } from './webgpu';

/** Operators over random shapes on all executors, against the definition. Many nodes share a graph: what takes time is compiling. */
const SEED = 20260;
const GRAPHS = 4;

const DIMS = [0, 1, 1, 2, 3, 5, 7, 13];

class Sweep {
  readonly builder = new GraphBuilder('sweep');
  readonly inputs: Record<string, Tensor> = {};
  readonly outputs: string[] = [];
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = randomNumbers(seed);
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)]!;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  shape(rank = 1 + this.below(4), dims: readonly number[] = DIMS): number[] {
    return Array.from({ length: rank }, () => this.pick(dims));
  }

  /** An operand of a shape, half the time seen through a transpose. `values` makes its elements; few levels make ties. */
  operand(shape: readonly number[], dtype: DType = 'float32', value: () => number = () => this.below(9) / 4 - 1): string {
    const perm = shape.map((_, i) => i).sort(() => this.next() - 0.5);
    const turned = this.next() < 0.5;
    const stored = turned ? perm.map((axis) => shape[axis]!) : shape;
    const name = `x${Object.keys(this.inputs).length}`;
    this.inputs[name] = tensorFrom(dtype, stored, Array.from({ length: sizeOf(stored) }, value));
    this.builder.input(name, { dtype, shape: stored });
    return turned ? this.builder.add('Transpose', [name], { perm: perm.map((_, i) => perm.indexOf(i)) }) : name;
  }

  /** A shape that broadcasts with another to that other. */
  broadcastable(shape: readonly number[]): number[] {
    return shape.slice(this.below(shape.length + 1)).map((dim) => (this.next() < 0.3 ? 1 : dim));
  }

  node<P extends OpName>(op: P, inputs: readonly string[], attributes: OpAttributes[P]): void {
    this.outputs.push(this.builder.add(op, inputs, attributes, { output: `${op}_${this.outputs.length}` }));
  }

  graph(): Graph {
    return this.builder.build(this.outputs);
  }
}

const FILL = [1, 2, 3, 5, 7, 13] as const;

/** Axis of a non-empty dimension, in a shape that may be empty elsewhere. */
function along(sweep: Sweep, dims: readonly number[] = DIMS): { shape: number[]; axis: number; length: number } {
  const shape = sweep.shape(1 + sweep.below(4), dims);
  const axis = sweep.below(shape.length);
  const length = (shape[axis] = sweep.pick(FILL));
  return { shape, axis, length };
}

const OPERATORS: Readonly<Record<string, (sweep: Sweep) => void>> = {
  TopK: (sweep) => {
    // Empty tensors are expanded at import: ONNX Runtime's kernel ends the process over them.
    const { shape, axis, length } = along(sweep, FILL);
    sweep.node('TopK', [sweep.operand(shape)], { axis, k: sweep.below(length) + 1, largest: sweep.below(2) === 0 });
  },
  ArgMax: (sweep) => {
    const { shape, axis } = along(sweep);
    sweep.node('ArgMax', [sweep.operand(shape)], { axis, keepdims: sweep.below(2) === 0, selectLastIndex: sweep.below(2) === 0 });
  },
  Mod: (sweep) => {
    const shape = sweep.shape();
    const levels = (): number => (sweep.below(7) + 1) * (sweep.below(2) ? 1 : -1);
    sweep.node('Mod', [sweep.operand(shape, 'int32', levels), sweep.operand(sweep.broadcastable(shape), 'int32', levels)], { fmod: false });
    sweep.node('Mod', [sweep.operand(shape), sweep.operand(sweep.broadcastable(shape), 'float32', () => sweep.below(4) + 0.75)], { fmod: true });
  },
  Where: (sweep) => {
    const shape = sweep.shape();
    sweep.node('Where', [sweep.operand(sweep.broadcastable(shape), 'bool', () => sweep.below(2)), sweep.operand(shape), sweep.operand(sweep.broadcastable(shape))], {});
  },
  Pad: (sweep) => {
    const shape = sweep.shape();
    const pads = [...shape, ...shape].map((dim) => sweep.below(4) - Math.min(1, Math.floor(dim / 2)));
    sweep.node('Pad', [sweep.operand(shape)], { pads, value: sweep.pick([0, 1.5, -Infinity]) });
  },
  Gather: (sweep) => {
    const { shape, axis, length } = along(sweep);
    sweep.node('Gather', [sweep.operand(shape), sweep.operand(sweep.shape(1 + sweep.below(2)), 'int64', () => sweep.below(2 * length) - length)], { axis });
  },
  GatherElements: (sweep) => {
    const { shape, axis, length } = along(sweep);
    const indices = shape.map((dim, i) => (i === axis ? sweep.pick(FILL) : dim));
    sweep.node('GatherElements', [sweep.operand(shape), sweep.operand(indices, 'int64', () => sweep.below(2 * length) - length)], { axis });
  },
  ScatterElements: (sweep) => {
    const { shape, axis, length } = along(sweep);
    const places = shape.map((dim, i) => (i === axis ? sweep.pick(FILL) : dim));
    const indices = sweep.operand(places, 'int64', () => sweep.below(2 * length) - length);
    sweep.node('ScatterElements', [sweep.operand(shape), indices, sweep.operand(places)], { axis, reduction: sweep.pick(['add', 'mul', 'max', 'min'] as const) });
  },
  ReduceProd: (sweep) => {
    const { shape, axis } = along(sweep);
    sweep.node('ReduceProd', [sweep.operand(shape)], { axes: [axis], keepdims: sweep.below(2) === 0 });
  },
};

function sweepOf(operator: string): Sweep[] {
  return Array.from({ length: GRAPHS }, (_, i) => {
    const sweep = new Sweep(SEED + i);
    for (let n = 0; n < 3; n++) OPERATORS[operator]!(sweep);
    return sweep;
  });
}

async function run(executor: Executor, graph: Graph, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const program = await executor.compile({ graphs: { g: graph }, weights: embedded });
  const results = await program.run('g', inputs);
  await program.dispose();
  return results;
}

const gpu = await openNodeGpu();
const EXECUTORS: readonly (readonly [string, () => Executor | undefined])[] = [['ort', createNodeOrt], ['webgpu', () => gpu && webgpuExecutor(gpu)]];

describe.each(EXECUTORS)('%s over random shapes', (_, create) => {
  const executor = create();
  afterAll(() => executor?.dispose());

  it.skipIf(!executor).each(Object.keys(OPERATORS))('%s agrees with its definition', async (operator) => {
    for (const sweep of sweepOf(operator)) {
      const graph = sweep.graph();
      const [got, want] = [await run(executor!, graph, sweep.inputs), await run(new ReferenceExecutor(), graph, sweep.inputs)];
      for (const output of graph.outputs) {
        const [a, b] = [toNumbers(got[output]!), toNumbers(want[output]!)];
        expect(got[output]!.shape).toEqual(want[output]!.shape);
        const tolerance = isFloat(want[output]!.dtype) ? 1e-5 : 0;
        b.forEach((value, i) => expect(a[i] === value || Math.abs(a[i]! - value) <= tolerance * Math.max(1, Math.abs(value)), `${output}[${i}] is ${a[i]}, not ${value}`).toBe(true));
      }
    }
  });
});
