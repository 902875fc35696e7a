import type { ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import styles from './ComparePanel.module.css';

interface TrackProps {
  readonly before: number;
  readonly after: number;
  readonly of: number;
}

/** Pairs right on a line from none to all: a ring before, a dot after, and an arrow between. */
function Track({ before, after, of }: TrackProps): ReactElement {
  const at = (right: number): string => `${2 + (96 * right) / Math.max(1, of)}%`;
  const colour = after < before ? 'var(--sb-wrong)' : 'var(--sb-right)';
  return (
    <svg width="100%" height="20" aria-hidden="true" style={{ display: 'block' }}>
      <line x1="2%" x2="98%" y1="10" y2="10" stroke="var(--sb-border)" />
      {before !== after && <line x1={at(before)} x2={at(after)} y1="10" y2="10" stroke={colour} strokeWidth="3" />}
      <circle cx={at(before)} cy="10" r="5" fill="var(--sb-panel)" stroke="var(--sb-muted)" strokeWidth="1.5" />
      <circle cx={at(after)} cy="10" r={before === after ? 3 : 5} fill={before === after ? 'var(--sb-muted)' : colour} />
    </svg>
  );
}

/** Chart and table in one: pairs right per pattern, before and after. */
export function PatternTable({ comparison }: { readonly comparison: Comparison }): ReactElement {
  return (
    <table className={styles.patterns}>
      <caption>Pairs right per pattern: ring before, dot after</caption>
      <thead>
        <tr><th scope="col">Pattern</th><th className={styles.track} /><th scope="col">Before</th><th scope="col">After</th><th scope="col">Of</th></tr>
      </thead>
      <tbody>
        {comparison.before.perPattern.map(({ pattern, right, of }, i) => {
          const after = comparison.after.perPattern[i]?.right ?? right;
          return (
            <tr key={pattern}>
              <th scope="row">{pattern}</th>
              <td className={styles.track}><Track before={right} after={after} of={of} /></td>
              <td>{right}</td><td><b>{after}</b></td><td>{of}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
