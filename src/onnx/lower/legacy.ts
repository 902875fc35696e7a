import { Lowering, perChannel, type Lower } from './lowering';

/** The operator set from which operands are stretched as in NumPy. */
const NUMPY_OPSET = 7;

/**
 * Before operator set 7 the second operand has the first one's shape, unless the attribute `broadcast` lets it have a part of it: the axes from `axis` on,
 * the last ones where that is absent, or a single element.
 */
export function stretched(lower: Lower): Lower {
  return (l) => {
    if (l.opset >= NUMPY_OPSET) return lower(l);
    const [a, b] = [l.shape(0), l.shape(1)];
    const same = a.length === b.length && a.every((dim, i) => dim === b[i]);
    if (same) return lower(l);
    if (!l.flag('broadcast')) l.fail(`its operands are [${a}] and [${b}], which operator set ${l.opset} does not allow without the attribute broadcast`);
    if (b.every((dim) => dim === 1)) return lower(withSecond(l, l.reshape(l.input(1), [])));
    const axis = l.node.attributes.has('axis') ? l.axisOf() : a.length - b.length;
    if (axis < 0 || b.some((dim, i) => dim !== a[axis + i])) l.fail(`its operand [${b}] is no part of [${a}] from axis ${axis} on`);
    return lower(withSecond(l, l.reshape(l.input(1), [...b, ...a.slice(axis + b.length).map(() => 1)])));
  };
}

/** Before operator set 7 a list of slopes has one entry a channel. */
export function slopes(l: Lowering): string {
  const vector = l.shape(1).length === 1 && l.shape(1)[0] !== 1;
  return l.opset < NUMPY_OPSET && vector ? perChannel(l, 1, l.shape(0).length) : l.input(1);
}

function withSecond(l: Lowering, second: string): Lowering {
  return new Lowering(l.builder, l.node, [l.input(0), second], l.surroundings);
}
