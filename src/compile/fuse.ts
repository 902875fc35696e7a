import { sizeOf } from '../ir/tensor';
import { isContiguous, scalarOf } from '../kernels/wgsl';
import { isContraction, leavesOf, rootsRead, type Expression, type Lowered, type Root, type Step } from './steps';

/** Joins elementwise chains, and chains to the contraction whose result they read, where nothing else reads what lies between. */
export function fuse(lowered: Lowered, maxBindings: number): Lowered {
  const kept = new Set(lowered.outputs.values());
  const readers = new Map<Root, number>();
  for (const step of lowered.steps) for (const root of rootsRead(step)) readers.set(root, (readers.get(root) ?? 0) + 1);
  const producer = new Map<Root, Step>();
  const steps = new Set<Step>();
  const inner = (root: Root): Step | undefined => (readers.get(root) === 1 && !kept.has(root) ? producer.get(root) : undefined);
  for (let step of lowered.steps) {
    if (step.kind === 'pointwise') {
      step = joinChains(step, inner, steps, maxBindings, readers);
      step = joinContraction(step, inner, steps, maxBindings);
    }
    steps.add(step);
    producer.set(step.result, step);
  }
  return { ...lowered, steps: [...steps] };
}

type Pointwise = Extract<Step, { kind: 'pointwise' }>;

/** Whether every leaf of the root reads it element for element. */
function readsDensely(value: Expression, root: Root): boolean {
  return leavesOf(value).every(({ source }) => source.root !== root || (isContiguous(source.view) && sizeOf(source.view.shape) === sizeOf(root.type.shape)));
}

function joinChains(step: Pointwise, inner: (root: Root) => Step | undefined, steps: Set<Step>, maxBindings: number, readers: Map<Root, number>): Pointwise {
  let joined = step;
  for (const root of rootsRead(step)) {
    const made = inner(root);
    if (made?.kind !== 'pointwise' || !steps.has(made) || !readsDensely(joined.value, root)) continue;
    const next: Pointwise = { ...joined, label: `${made.label}, ${joined.label}`, value: substitute(joined.value, root, made.value) };
    if (rootsRead(next).length + 1 > maxBindings) continue;
    for (const shared of rootsRead(made)) if (rootsRead(joined).includes(shared)) readers.set(shared, readers.get(shared)! - 1);
    joined = next;
    steps.delete(made);
  }
  return joined;
}

function joinContraction(step: Pointwise, inner: (root: Root) => Step | undefined, steps: Set<Step>, maxBindings: number): Step {
  if (scalarOf(step.result.type.dtype) !== 'f32') return step;
  for (const root of rootsRead(step).reverse()) {
    const made = inner(root);
    if (made?.kind !== 'node' || !isContraction(made.op) || scalarOf(made.result.type.dtype) !== 'f32' || !readsDensely(step.value, root)) continue;
    const before = made.epilogue;
    const epilogue = before ? { product: before.product, value: substitute(step.value, root, before.value) } : { product: root, value: step.value };
    const next: Step = { ...made, label: `${made.label}, ${step.label}`, result: step.result, epilogue };
    const extra = leavesOf(epilogue.value).filter(({ source }) => source.root !== epilogue.product);
    const conflicts = extra.some(({ source }) => made.operands.some((operand) => operand?.root === source.root));
    if (conflicts || rootsRead(next).length + 1 > maxBindings) continue;
    steps.delete(made);
    return next;
  }
  return step;
}

/** The expression with the leaves of a root replaced; shared parts stay shared. */
function substitute(value: Expression, root: Root, by: Expression): Expression {
  const done = new Map<Expression, Expression>();
  const visit = (at: Expression): Expression => {
    const known = done.get(at);
    if (known) return known;
    const next = at.kind === 'apply' ? { ...at, operands: at.operands.map(visit) } : at.kind === 'leaf' && at.source.root === root ? by : at;
    done.set(at, next);
    return next;
  };
  return visit(value);
}
