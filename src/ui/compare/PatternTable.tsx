import type { ReactElement } from 'react';
import type { Comparison, Turned } from '../../engine/api';
import { formatP } from '../../state/format';
import { turnOf } from '../../state/verdict';
import styles from './ComparePanel.module.css';

interface TrackProps {
  readonly before: number;
  readonly after: number;
  readonly of: number;
  readonly turned: Turned;
}

const COLOURS = { better: 'var(--sb-right)', worse: 'var(--sb-wrong)' } as const;

/** Pairs right on a line from none to all: a ring before, a dot after, and what lies between; grey where it may well be chance. */
function Track({ before, after, of, turned }: TrackProps): ReactElement {
  const at = (right: number): string => `${2 + (96 * right) / Math.max(1, of)}%`;
  const turn = turnOf(turned);
  const colour = turn ? COLOURS[turn] : 'var(--sb-muted)';
  return (
    <svg width="100%" height="20" aria-hidden="true" style={{ display: 'block' }}>
      <line x1="2%" x2="98%" y1="10" y2="10" stroke="var(--sb-border)" />
      {before !== after && <line x1={at(before)} x2={at(after)} y1="10" y2="10" stroke={colour} strokeWidth="3" />}
      <circle cx={at(before)} cy="10" r="5" fill="var(--sb-panel)" stroke="var(--sb-muted)" strokeWidth="1.5" />
      <circle cx={at(after)} cy="10" r={before === after ? 3 : 5} fill={colour} />
    </svg>
  );
}

interface RowProps extends TrackProps {
  readonly name: string;
}

function Row({ name, before, after, of, turned }: RowProps): ReactElement {
  const { fixed, broken, p } = turned;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className={styles.track}><Track before={before} after={after} of={of} turned={turned} /></td>
      <td>{before}</td><td><b>{after}</b></td><td>{of}</td>
      <td>{fixed + broken === 0 ? 'none' : `+${fixed} −${broken}`}</td>
      <td>{fixed + broken === 0 ? '' : formatP(p)}</td>
    </tr>
  );
}

/** Chart and table in one: pairs right per pattern, before and after. */
export function PatternTable({ comparison }: { readonly comparison: Comparison }): ReactElement {
  const { before, after, patterns, mcnemar } = comparison;
  return (
    <table className={styles.patterns}>
      <caption>Pairs right per pattern: ring before, dot after. Turned: + to right, − to wrong. Blue or orange only where McNemar's exact test gives p &lt; .05</caption>
      <thead>
        <tr><th scope="col">Pattern</th><th className={styles.track} /><th scope="col">Before</th><th scope="col">After</th><th scope="col">Of</th><th scope="col">Turned</th><th scope="col">By chance</th></tr>
      </thead>
      <tbody>
        {before.perPattern.map(({ pattern, right, of }, i) => (
          <Row key={pattern} name={pattern} before={right} after={after.perPattern[i]?.right ?? right} of={of} turned={patterns[i] ?? { fixed: 0, broken: 0, p: 1 }} />
        ))}
      </tbody>
      <tfoot><Row name="All" before={before.pairsRight} after={after.pairsRight} of={after.of} turned={mcnemar} /></tfoot>
    </table>
  );
}
