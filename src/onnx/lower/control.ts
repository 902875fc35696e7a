import type { Family, Lowering } from './lowering';

/** The condition must be known once shapes are: exporters write If(dim == 1) for a squeeze. */
function branch(l: Lowering): readonly string[] {
  return l.surroundings.inline(l.graph(l.values(0)[0] ? 'then_branch' : 'else_branch'));
}

export const CONTROL: Family = { If: branch };
