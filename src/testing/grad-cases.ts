import { readFileSync } from 'node:fs';
import { gradient } from '../autodiff/gradient';
import { readSafetensors } from '../data/safetensors';
import type { Executor } from '../executors/executor';
import { isFloat, type Tensor } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { disagreement, isOutcome, PASS, runOnce, type Outcome } from './conformance';
import { hasShared, shared } from './shared';

/** An entry of shared/fixtures/op-grads/index.json. */
export interface GradCase {
  readonly name: string;
  readonly kind: 'op' | 'idiom' | 'exported';
  readonly ops: readonly string[];
  readonly grads: readonly string[];
  readonly tolerance: { readonly rel: number; readonly abs: number };
}

export const gradCases: readonly GradCase[] = hasShared ? (JSON.parse(readFileSync(shared('op-grads/index.json'), 'utf8')) as GradCase[]) : [];

/** Runs a case with its gradients as one graph and compares every output and every gradient. */
export async function runGradCase(executor: Executor, { name, grads, tolerance }: GradCase): Promise<Outcome> {
  return runGoldens(executor, readFileSync(shared(`op-grads/${name}.onnx`)), readFileSync(shared(`op-grads/${name}.safetensors`)), { name, grads, ...tolerance });
}

/** Runs a model with its gradients towards `grads` as one graph and compares it with the `out/` and `grad/` of a safetensors file that also holds `in/` and `ct/`. */
export async function runGoldens(executor: Executor, model: Uint8Array, goldens: Uint8Array, { name, grads, rel, abs }: { name: string; grads: readonly string[]; rel: number; abs: number }): Promise<Outcome> {
  const { tensors } = readSafetensors(goldens, name);
  const given = new Map([...tensors].map(([key, tensor]): [string, Tensor] => [key.replace(/^in\//, ''), tensor]));
  const shapes = Object.fromEntries([...tensors].filter(([key]) => key.startsWith('in/')).map(([key, { shape }]) => [key.slice(3), shape]));
  const results = await runOnce(executor, () => {
    const graph = specialise(decodeModel(model, name), { shapes, wrt: new Set(grads) });
    return gradient(graph, grads, graph.outputs.filter((output) => isFloat(graph.types.get(output)!.dtype)));
  }, given);
  if (isOutcome(results)) return results;
  for (const [key, want] of tensors) {
    if (!/^(out|grad)\//.test(key)) continue;
    const wrong = disagreement(results[key.replace(/^out\//, '')], want, (_, largest) => abs + rel * largest);
    if (wrong) return { status: 'fail', reason: `${key} ${wrong}` };
  }
  return PASS;
}
