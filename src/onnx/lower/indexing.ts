import type { ScatterReduction } from '../../ir/ops';
import type { Family, Lowering } from './lowering';

const REDUCTIONS: readonly ScatterReduction[] = ['none', 'add', 'mul', 'max', 'min'];

function reductionOf(l: Lowering): ScatterReduction {
  const name = l.text('reduction', 'none');
  return REDUCTIONS.find((reduction) => reduction === name) ?? l.fail(`its reduction "${name}" is not known`);
}

/** on where the index names the place along the new axis, off elsewhere; an index outside makes a row of offs. */
function oneHot(l: Lowering): string {
  const depth = l.values(1)[0]!;
  const shape = l.shape(0);
  const axis = l.axis(l.number('axis', -1), shape.length + 1);
  const indices = l.reshape(l.cast(l.input(0), 'int64'), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  const negative = l.apply('Less', indices, l.scalar(0, indices));
  const counted = l.apply('Where', negative, l.apply('Add', indices, l.scalar(depth, indices)), indices);
  const hit = l.apply('Equal', counted, l.counter(depth, axis, shape.length + 1));
  const value = (i: number): string => l.reshape(l.slice(l.input(2), 0, i, i + 1), []);
  return l.apply('Where', hit, value(1), value(0));
}

export const INDEXING: Family = {
  Gather: (l) => l.add('Gather', l.operands(2), { axis: l.axisOf(0) }),
  GatherElements: (l) => l.add('GatherElements', l.operands(2), { axis: l.axisOf(0) }),
  GatherND: (l) => l.add('GatherND', l.operands(2), { batchDims: l.number('batch_dims', 0) }),
  ScatterElements: (l) => l.add('ScatterElements', l.operands(3), { axis: l.axisOf(0), reduction: reductionOf(l) }),
  Scatter: (l) => l.add('ScatterElements', l.operands(3), { axis: l.axisOf(0), reduction: 'none' }),
  ScatterND: (l) => l.add('ScatterND', l.operands(3), { reduction: reductionOf(l) }),
  OneHot: oneHot,
};
