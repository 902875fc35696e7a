import type { SourceKind } from '../engine/api';
import type { PageState } from './page';

/** Cards by the names that they bear on the page. */
export const CARDS: { readonly [K in SourceKind]: string } = { clip: 'Eyes', diffusion: 'Teacher', pictures: 'Pictures', benchmark: 'Compare' };

export const SOURCE_KINDS = Object.keys(CARDS) as readonly SourceKind[];

/** Whether the eyes on the page are those that the last run began with, so that what is measured is of it. */
export function measuredOfRun({ run, slots }: PageState): boolean {
  return run.phase === 'done' && run.step > 0 && run.inputs.clip === slots.clip.info;
}

/** Whether they can also be asked as the run has left them. */
export function measuresRun(state: PageState): boolean {
  return measuredOfRun(state) && !state.run.weightsLost;
}

/** Whose results those on the page are, where a card holds something else by now; undefined where they are the cards'. */
export function olderResults({ run, slots }: PageState): string | undefined {
  const { clip, diffusion, pictures, benchmark } = run.inputs;
  const changed = SOURCE_KINDS.filter((kind) => run.inputs[kind] !== slots[kind].info).map((kind) => CARDS[kind]);
  if (run.phase === 'idle' || !clip || !diffusion || !pictures || !changed.length) return undefined;
  const pairs = benchmark ? `, on the pairs of ${benchmark.name}` : '';
  return `What is shown is of ${clip.name} under ${diffusion.name} with ${pictures.name}${pairs}. Something else was chosen since under ${changed.join(', ')}: tune again for its results.`;
}
