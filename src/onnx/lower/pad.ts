import type { Family, Lowering } from './lowering';

/** The source index of position i of a padded axis. */
function source(mode: string, at: number, length: number): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), length - 1);
  if (mode === 'wrap') return ((at % length) + length) % length;
  const period = Math.max(1, 2 * (length - 1));
  const folded = ((at % period) + period) % period;
  return folded < length ? folded : period - folded;
}

function pad(l: Lowering): string {
  const shape = l.shape(0);
  const rank = shape.length;
  const mode = l.text('mode', 'constant');
  const given = l.listOrOperand(l.opset < 2 ? 'paddings' : 'pads', 1) ?? l.fail('it has no pads');
  const axes = l.has(3) ? l.values(3).map((axis) => l.axis(axis, rank)) : shape.map((_, i) => i);
  if (given.length !== axes.length * 2) l.fail(`it has ${given.length} pads for ${axes.length} axes`);
  const pads = new Array<number>(rank * 2).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  if (mode === 'constant') return l.add('Pad', [l.input(0)], { pads, value: l.has(2) ? l.values(2)[0]! : l.number('value', 0) });
  if (!['edge', 'wrap', 'reflect'].includes(mode)) l.fail(`the padding mode "${mode}" is not known`);
  return shape.reduce((value, length, axis) => {
    const [begin, end] = [pads[axis]!, pads[axis + rank]!];
    if (begin === 0 && end === 0) return value;
    if (length === 0) l.fail(`the empty axis ${axis} has nothing to repeat`);
    const indices = Array.from({ length: l.counted(Math.max(0, begin + length + end)) }, (_, i) => source(mode, i - begin, length));
    return l.add('Gather', [value, l.vector('int64', indices)], { axis });
  }, l.input(0));
}

export const PAD: Family = { Pad: pad };
