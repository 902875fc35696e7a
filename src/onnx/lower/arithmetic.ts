import type { OpName } from '../../ir/ops';
import { isFloat, type DType } from '../../ir/tensor';
import { stretched } from './legacy';
import { Lowering, promoted, rangeOf, type Family, type Lower } from './lowering';

const direct = (operands: number, op: OpName): Lower => (l) => l.add(op, l.operands(operands), {} as never);
const directly = (operands: number, ...ops: OpName[]): Family => Object.fromEntries(ops.map((op) => [op, direct(operands, op)]));

const mapped = (family: Family, change: (lower: Lower) => Lower): Family => Object.fromEntries(Object.entries(family).map(([op, lower]) => [op, change(lower)]));

function chain(op: 'Add' | 'Min' | 'Max'): Lower {
  return (l) => l.operands().slice(1).reduce((sum, input) => l.apply(op, sum, input), l.input(0));
}

const NARROW: ReadonlySet<DType> = new Set(['int8', 'int16', 'uint16']);

/** Runtimes compare and choose in few integer types: narrow ones are widened, which changes no value. */
function widened(lower: Lower, operand: number): Lower {
  return (l) => {
    const dtype = l.dtype(operand);
    if (!NARROW.has(dtype)) return lower(l);
    const wide = new Lowering(l.builder, l.node, l.inputs.map((input, i) => (i < operand || !input ? input : l.cast(input, 'int32'))), l.surroundings);
    return l.cast(lower(wide) as string, dtype);
  };
}

/** Exponents of a floating base are floating. */
function pow(l: Lowering): string {
  return l.apply('Pow', l.input(0), isFloat(l.dtype(0)) ? l.cast(l.input(1), l.dtype(0)) : l.input(1));
}

/** Python's remainder, of the divisor's sign. Floating: C's remainder r, moved by the divisor where their signs differ. */
function mod(l: Lowering): string {
  const fmod = l.flag('fmod');
  if (fmod || !isFloat(l.dtype(0))) return l.add('Mod', l.operands(2), { fmod });
  const [b, r] = [l.input(1), l.add('Mod', l.operands(2), { fmod: true })];
  const zero = l.scalar(0, r);
  const differ = l.apply('Less', l.apply('Mul', l.apply('Sign', r), l.apply('Sign', b)), zero);
  return l.apply('Where', differ, l.apply('Add', r, b), r);
}

/** At a bound the gradient goes to x, as in torch: bounds are taken only beyond them. */
function clip(l: Lowering): string {
  const bound = (name: string, i: number): string | undefined => (l.node.attributes.has(name) ? l.scalar(l.number(name, 0), l.input(0)) : l.has(i) ? l.input(i) : undefined);
  const floating = isFloat(l.dtype(0));
  const limited = (x: string, limit: string | undefined, beyond: 'Less' | 'Greater'): string => {
    if (limit === undefined) return x;
    return floating ? l.apply('Where', l.apply(beyond, x, limit), limit, x) : l.apply(beyond === 'Less' ? 'Max' : 'Min', x, limit);
  };
  return limited(limited(l.input(0), bound('min', 1), 'Less'), bound('max', 2), 'Greater');
}

function isInf(l: Lowering): string {
  const x = l.input(0);
  const [negative, positive] = [l.number('detect_negative', 1), l.number('detect_positive', 1)];
  const magnitude = negative && positive ? l.apply('Abs', x) : negative ? l.apply('Neg', x) : x;
  const is = l.apply('Equal', magnitude, l.scalar(Infinity, x));
  return negative || positive ? is : l.apply('And', is, l.builder.constant(0, 'bool'));
}

const CAST_CODES: readonly (DType | undefined)[] = [undefined, 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', undefined, 'bool', 'float16', 'float64', 'uint32', 'uint64', undefined, undefined, 'bfloat16'];

/** Before operator set 6 Cast names types in words. */
const CAST_WORDS: ReadonlyMap<string, DType> = new Map([['float', 'float32'], ['double', 'float64']]);

/** The dtype that an attribute names by its code in ONNX. */
export function dtypeOf(l: Lowering, attribute: string): DType {
  if (l.opset < 6 && typeof l.node.attributes.get(attribute) === 'string') {
    const word = l.text(attribute, '').toLowerCase();
    return CAST_WORDS.get(word) ?? CAST_CODES.find((dtype) => dtype === word) ?? l.fail(`the element type ${word} is not supported`);
  }
  return CAST_CODES[l.number(attribute, 0)] ?? l.fail(`the element type ${l.number(attribute, 0)} is not supported`);
}

const shrink: Lower = (l) => {
  const x = l.input(0);
  const [lambd, bias] = [l.number('lambd', 0.5), l.scalar(l.number('bias', 0), x)];
  const outer = l.apply('Where', l.apply('Less', x, l.scalar(-lambd, x)), l.apply('Add', x, bias), l.scalar(0, x));
  return l.apply('Where', l.apply('Greater', x, l.scalar(lambd, x)), l.apply('Sub', x, bias), outer);
};

/** Functions of x through its exponential, logarithm, sine and cosine. */
const TRANSCENDENTAL: Family = {
  Tan: (l) => l.apply('Div', l.apply('Sin', l.input(0)), l.apply('Cos', l.input(0))),
  // (exp(x) -+ exp(-x)) / 2
  Sinh: (l) => half(l, l.apply('Sub', l.apply('Exp', l.input(0)), l.apply('Exp', l.apply('Neg', l.input(0))))),
  Cosh: (l) => half(l, l.apply('Add', l.apply('Exp', l.input(0)), l.apply('Exp', l.apply('Neg', l.input(0))))),
  // log((1 + x) / (1 - x)) / 2
  Atanh: (l) => half(l, l.apply('Log', l.apply('Div', l.apply('Add', l.scalar(1, l.input(0)), l.input(0)), l.apply('Sub', l.scalar(1, l.input(0)), l.input(0))))),
};

function half(l: Lowering, value: string): string {
  return l.apply('Mul', value, l.scalar(0.5, value));
}

export const ARITHMETIC: Family = {
  ...TRANSCENDENTAL,
  ...directly(1, 'Abs', 'Ceil', 'Cos', 'Erf', 'Exp', 'Floor', 'IsNaN', 'Log', 'Neg', 'Not', 'Reciprocal', 'Round', 'Sign', 'Sin', 'Sqrt'),
  ...mapped(directly(2, 'Add', 'Sub', 'Mul', 'Div', 'And', 'Or', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'), stretched),
  Sum: chain('Add'),
  Min: widened(chain('Min'), 0),
  Max: widened(chain('Max'), 0),
  Where: widened(direct(3, 'Where'), 1),
  Pow: stretched(pow),
  Mean: (l) => l.apply('Mul', chain('Add')(l) as string, l.scalar(1 / l.inputs.length, l.input(0))),
  Xor: stretched((l) => l.apply('Not', l.apply('Equal', l.input(0), l.input(1)))),
  IsInf: isInf,
  Mod: mod,
  Clip: clip,
  Shrink: shrink,
  Cast: (l) => l.cast(l.input(0), promoted(dtypeOf(l, 'to'))),
  CastLike: (l) => l.cast(l.input(0), promoted(l.dtype(1))),
  Identity: (l) => l.input(0),
  // Evaluation: everything is kept.
  Dropout: (l) => [l.input(0), ...(l.makes(1) ? [l.expand(l.builder.constant(1, 'bool'), l.shape(0))] : [])],
};

/** Rounds to whole numbers and keeps within the range of an integer dtype. */
export function saturated(l: Lowering, value: string, dtype: DType): string {
  const [low, high] = rangeOf(dtype);
  return l.cast(l.apply('Min', l.apply('Max', value, l.scalar(low, value)), l.scalar(high, value)), dtype);
}
