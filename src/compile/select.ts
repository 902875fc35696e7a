import { UserError } from '../ir/errors';
import { GENERATORS, type GeneratedName, type Generator } from '../kernels/generate';
import type { Kernel, KernelLimits, View } from '../kernels/kernel';
import { matmul } from '../kernels/matmul';
import { scalarOf, type Operand } from '../kernels/wgsl';
import { epilogueOf, pointwiseKernel } from './pointwise';
import { rootsRead, type Root, type Step } from './steps';

/** A kernel with the roots of its bindings in order; the last is the result. */
export interface Selected {
  readonly kernel: Kernel;
  readonly roots: readonly Root[];
}

export function select(step: Step, limits: KernelLimits): Selected {
  const roots = [...rootsRead(step), step.result];
  if (step.kind === 'pointwise') return { kernel: pointwiseKernel(step), roots };
  if (step.op === 'MatMul') return { kernel: matmulKernel(step, limits), roots };
  const generate = GENERATORS[step.op as GeneratedName] as Generator<GeneratedName> | undefined;
  if (!generate) throw new UserError(`The WebGPU engine has no kernel for ${step.op}`, step.label, 'Use the executor "ort"');
  const operands = step.operands.flatMap((operand): Operand[] => (operand ? [{ slot: roots.indexOf(operand.root), view: operand.view, scalar: scalarOf(operand.root.type.dtype) }] : []));
  const { dtype, shape } = step.result.type;
  return { kernel: generate({ operands, shape, scalar: scalarOf(dtype), attributes: step.attributes as never, limits }), roots };
}

function matmulKernel(step: Extract<Step, { kind: 'node' }>, limits: KernelLimits): Kernel {
  const [a, b] = step.operands;
  const epilogue = step.epilogue && epilogueOf(step.epilogue.value, step.epilogue.product);
  return matmul({ label: step.label, a: asRow(a!.view), b: asColumn(b!.view), limits, epilogue, oneBuffer: a!.root === b!.root });
}

const asRow = (view: View): View => (view.shape.length > 1 ? view : { shape: [1, ...view.shape], strides: [0, ...view.strides], offset: view.offset });
const asColumn = (view: View): View => (view.shape.length > 1 ? view : { shape: [...view.shape, 1], strides: [...view.strides, 0], offset: view.offset });
