import type { OpAttributes } from '../ir/ops';
import { GENERATORS, type GeneratedName, type Generator } from '../kernels/generate';
import type { Kernel, KernelLimits } from '../kernels/kernel';
import { conv, convTranspose, convWeightGrad } from '../kernels/conv';
import { matmul, type ContractionOptions } from '../kernels/matmul';
import { scalarOf, type Operand } from '../kernels/wgsl';
import { epilogueOf, pointwiseKernel } from './pointwise';
import { isContraction, rootsRead, type ContractionName, type Root, type Step } from './steps';

/** A kernel with the roots of its bindings in order; the last is the result. */
export interface Selected {
  readonly kernel: Kernel;
  readonly roots: readonly Root[];
}

type Contract<P extends ContractionName> = (options: ContractionOptions, shape: readonly number[], attributes: OpAttributes[P]) => Kernel;

const CONTRACTIONS: { readonly [P in ContractionName]: Contract<P> } = { MatMul: matmul, Conv: conv, ConvTranspose: convTranspose, ConvWeightGrad: convWeightGrad };

export function select(step: Step, limits: KernelLimits): Selected {
  const roots = [...rootsRead(step), step.result];
  if (step.kind === 'pointwise') return { kernel: pointwiseKernel(step), roots };
  if (isContraction(step.op)) return { kernel: contractionKernel(step, step.op, limits), roots };
  const generate = GENERATORS[step.op as GeneratedName] as Generator<GeneratedName>;
  const operands = step.operands.flatMap((operand): Operand[] => (operand ? [{ slot: roots.indexOf(operand.root), view: operand.view, scalar: scalarOf(operand.root.type.dtype) }] : []));
  const { dtype, shape } = step.result.type;
  return { kernel: generate({ operands, shape, scalar: scalarOf(dtype), attributes: step.attributes as never, limits }), roots };
}

function contractionKernel(step: Extract<Step, { kind: 'node' }>, op: ContractionName, limits: KernelLimits): Kernel {
  const [a, b] = step.operands;
  const epilogue = step.epilogue && epilogueOf(step.epilogue.value, step.epilogue.product);
  const options: ContractionOptions = { label: step.label, scalar: scalarOf(a!.root.type.dtype), a: a!.view, b: b!.view, limits, epilogue, oneBuffer: a!.root === b!.root };
  const shape = (step.epilogue?.product ?? step.result).type.shape;
  return (CONTRACTIONS[op] as Contract<ContractionName>)(options, shape, step.attributes as never);
}
