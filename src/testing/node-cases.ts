import { readFileSync } from 'node:fs';
import type { Executor } from '../executors/executor';
import type { Tensor } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { disagreement, isOutcome, PASS, readTensorFile, runOnce, withConstants, type Outcome } from './conformance';
import { hasShared, shared } from './shared';

/** An entry of shared/fixtures/onnx-node/index.json. */
export interface NodeCase {
  readonly name: string;
  readonly op: string;
  readonly expanded: boolean;
  readonly dtypes: readonly string[];
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  /** |got - want| <= atol + rtol |want|; null where only dtype and shape count. */
  readonly tolerance: { readonly rtol: number; readonly atol: number } | null;
}

export const nodeCases: readonly NodeCase[] = hasShared ? (JSON.parse(readFileSync(shared('onnx-node/index.json'), 'utf8')) as NodeCase[]) : [];

/** Operands that decide shapes or the graph itself. The tests of ONNX feed them; exporters write them as constants. */
const STATIC: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0], CumSum: [1], Expand: [1], NonZero: [0], OneHot: [1], Pad: [1, 2, 3], Range: [0, 1, 2], Reshape: [1], Resize: [1, 2, 3], Slice: [1, 2, 3, 4],
  Split: [1], Squeeze: [1], Tile: [1], TopK: [1], Unsqueeze: [1], Upsample: [1],
  ReduceL1: [1], ReduceL2: [1], ReduceLogSum: [1], ReduceLogSumExp: [1], ReduceMax: [1], ReduceMean: [1], ReduceMin: [1], ReduceProd: [1], ReduceSum: [1], ReduceSumSquare: [1],
};

/** Runs one of ONNX's own backend tests and compares every output. */
export async function runNodeCase(executor: Executor, test: NodeCase): Promise<Outcome> {
  const folder = shared(`onnx-node/${test.name}`);
  const given = new Map(test.inputs.map(({ name }, i): [string, Tensor] => [name, readTensorFile(`${folder}/test_data_set_0/input_${i}.pb`)]));
  const constants = new Map(test.inputs.flatMap(({ name }, i) => (name && STATIC[test.op]?.includes(i) ? [[name, given.get(name)!] as const] : [])));
  const shapes = Object.fromEntries([...given].filter(([name]) => !constants.has(name)).map(([name, { shape }]) => [name, shape]));
  const results = await runOnce(executor, () => specialise(withConstants(decodeModel(readFileSync(`${folder}/model.onnx`), test.name), constants), { shapes }), given);
  if (isOutcome(results)) return results;
  for (const [i, { name }] of test.outputs.entries()) {
    const want = readTensorFile(`${folder}/test_data_set_0/output_${i}.pb`);
    const { rtol, atol } = test.tolerance ?? { rtol: 0, atol: Infinity };
    const wrong = disagreement(results[name], want, (value) => atol + rtol * Math.abs(value));
    if (wrong) return { status: 'fail', reason: `${name} ${wrong}` };
  }
  return PASS;
}
