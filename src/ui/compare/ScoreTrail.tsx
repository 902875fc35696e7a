import type { ReactElement } from 'react';
import type { Score } from '../../engine/api';

/** The score at every comparison along the way, where there were more than the first and the last. */
export function ScoreTrail({ scores }: { readonly scores: readonly Score[] }): ReactElement | null {
  if (scores.length < 3) return null;
  return (
    <p className="small muted">
      Along the way: {scores.map(({ step, pairsRight }) => `${pairsRight} at step ${step}`).join(', ')}.
    </p>
  );
}
