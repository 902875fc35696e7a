import { EXPRESSIONS } from '../kernels/elementwise';
import type { Epilogue, Kernel } from '../kernels/kernel';
import { MATHS } from '../kernels/maths';
import { FROM_BITS, binding, literal, perElement, place, scalarOf, type Scalar } from '../kernels/wgsl';
import { sizeOf } from '../ir/tensor';
import { leavesOf, type Expression, type Root, type Step } from './steps';

/** WGSL statements that compute an expression at the element `i`, and the name of the result. */
function emit(value: Expression, slots: ReadonlyMap<Root, string>, product: Root | undefined): { readonly statements: string[]; readonly name: string } {
  const statements: string[] = [];
  const names = new Map<Expression, string>();
  const visit = (at: Expression): string => {
    const known = names.get(at);
    if (known) return known;
    const text = express(at, visit, slots, product);
    const name = `v${names.size}`;
    names.set(at, name);
    statements.push(`  let ${name}: ${at.scalar} = ${text};`);
    return name;
  };
  const name = visit(value);
  return { statements, name };
}

function express(at: Expression, visit: (operand: Expression) => string, slots: ReadonlyMap<Root, string>, product: Root | undefined): string {
  if (at.kind === 'constant') return literal(at.value, at.scalar);
  if (at.kind === 'leaf') return at.source.root === product ? 'product' : `${slots.get(at.source.root)}[${place(at.source.view, 'i')}]`;
  const expression = EXPRESSIONS[at.op] as (operands: readonly string[], scalars: readonly Scalar[], attributes: unknown) => string;
  return expression(at.operands.map(visit), at.operands.map(({ scalar }) => scalar), at.attributes);
}

const sources = (value: Expression, product?: Root): Root[] => [...new Set(leavesOf(value).map(({ source }) => source.root))].filter((root) => root !== product);

export function pointwiseKernel({ label, result, value }: Extract<Step, { kind: 'pointwise' }>): Kernel {
  const roots = sources(value);
  const slots = new Map(roots.map((root, i) => [root, `b${i}`]));
  const { statements, name } = emit(value, slots, undefined);
  const declarations = [MATHS, ...roots.map((root, i) => binding(i, scalarOf(root.type.dtype))), binding(roots.length, scalarOf(result.type.dtype), 'result')].join('\n');
  return perElement(label, sizeOf(result.type.shape), declarations, `${statements.join('\n')}\n  result[i] = ${name};`);
}

/** The chain as what a contraction does to its product before storing it. */
export function epilogueOf(value: Expression, product: Root): Epilogue {
  const roots = sources(value, product);
  const slots = new Map(roots.map((root, i) => [root, `e${i}`]));
  const { statements, name } = emit(value, slots, product);
  return {
    bindings: roots.length,
    declarations: (first) =>
      [FROM_BITS, MATHS, ...roots.map((root, i) => binding(first + i, scalarOf(root.type.dtype), `e${i}`)), `fn epilogue(product: f32, i: u32) -> ${value.scalar} {`, ...statements, `  return ${name};`, '}'].join('\n'),
    apply: (result, index) => `epilogue(${result}, ${index})`,
  };
}
