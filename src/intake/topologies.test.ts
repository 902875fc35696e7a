import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isFloat } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { hasShared, shared } from '../testing/shared';
import { multiplyAdds } from './cost';
import { parameterCount } from './onnx';
import { countBy, gradientReach } from './reach';
import { smallGraph } from './sizes';

interface Topology {
  readonly name: string;
  readonly file: string;
  readonly nodes: number;
  readonly ops: Record<string, number>;
  readonly float_initializer_elements: number;
  readonly usual_input: Record<string, number[]>;
  readonly usual_output: Record<string, number[]>;
  readonly forward_gflop: number;
  readonly gradient_path: Record<string, { nodes: number; ops: Record<string, number>; reaches_output?: boolean; weights_reached?: number }>;
}

/** Operators that the import keeps one to one, under the node's own name. */
const KEPT = new Set(['MatMul', 'Conv', 'Softmax', 'Sigmoid', 'Erf', 'Sqrt', 'Transpose']);

const topologies = hasShared ? (JSON.parse(readFileSync(shared('topologies/index.json'), 'utf8')) as Topology[]) : [];

describe.skipIf(!hasShared)('full-size graphs (shared/fixtures/topologies)', () => {
  it('are all there', () => expect(topologies).toHaveLength(12));
});

describe.each(topologies)('$name, without its weights', (expected) => {
  const model = decodeModel(readFileSync(shared(`topologies/${expected.file}`)), expected.file);

  it('has its nodes and parameters', () => {
    expect(model.graph.nodes).toHaveLength(expected.nodes);
    expect(countBy(model.graph.nodes.map(({ op }) => op))).toEqual(expected.ops);
    expect(parameterCount(model)).toBe(expected.float_initializer_elements);
  });

  it('gets its shapes and its cost, with no shape arithmetic left', () => {
    const graph = specialise(model, { shapes: expected.usual_input });
    for (const [name, shape] of Object.entries(expected.usual_output)) expect(graph.types.get(name)?.shape).toEqual(shape);
    const shapes = JSON.parse(readFileSync(shared(`topologies/${expected.name}.shapes.json`), 'utf8')) as Record<string, number[]>;
    const outputOf = new Map(model.graph.nodes.map(({ name, op, outputs }) => [`${op} ${name}`, outputs[0]!]));
    const compared = graph.nodes.filter(({ op, name }) => KEPT.has(op) && outputOf.has(`${op} ${name}`));
    for (const { op, name, outputs } of compared) expect(graph.types.get(outputs[0]!)!.shape, name).toEqual(shapes[outputOf.get(`${op} ${name}`)!]);
    expect(compared.length).toBeGreaterThan(30);
    expect((2 * multiplyAdds(graph)) / 1e9).toBeCloseTo(expected.forward_gflop, 3);
    const integer = (value: string): boolean => /int/.test(graph.types.get(value)!.dtype);
    if (!graph.inputs.some(integer)) expect(graph.nodes.filter(({ outputs }) => integer(outputs[0]!))).toEqual([]);
  });

  it('carries gradients where it should', () => {
    for (const [name, { nodes, ops, reaches_output, weights_reached }] of Object.entries(expected.gradient_path)) {
      const external = [...model.graph.weights].flatMap(([weight, { dtype, ref }]) => (ref.kind === 'file' && isFloat(dtype) ? [weight] : []));
      const reach = gradientReach(model, name === 'all external weights' ? external : [name]);
      expect(reach).toMatchObject({ nodes, ops, ...(reaches_output === undefined ? { reached: weights_reached } : { reaches_output }) });
    }
  });

  it('finds input sizes by itself', () => {
    expect(smallGraph(model)).toBeDefined();
  });
});
