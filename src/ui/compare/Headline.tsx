import type { ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import { formatSigned, plural } from '../../state/format';
import { doubtfulCaptions, pointsGained } from '../../state/pairs';
import styles from './ComparePanel.module.css';

/** The result in figures: pairs right before and after, and with which read-out. */
export function Headline({ comparison }: { readonly comparison: Comparison }): ReactElement {
  const { before, after, readout } = comparison;
  const doubtful = doubtfulCaptions(after.pairs);
  return (
    <>
      <p className={styles.headline}>
        <span className={styles.score}>{before.pairsRight} → {after.pairsRight} <small>of {after.of} pairs right</small></span>
        <span>{formatSigned(pointsGained(comparison), 1)} points</span>
      </p>
      <p className="small muted">
        Before: untouched. After: {plural(after.step, 'step')}. Read-out of both: {readout}.
        {doubtful > 0 && ` After tuning ${plural(doubtful, 'caption')} ${doubtful === 1 ? 'is' : 'are'} decided by a tie or by less than rounding.`}
      </p>
    </>
  );
}
