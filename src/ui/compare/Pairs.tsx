import { NativeSelect } from '@mantine/core';
import { useMemo, useState, type ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import { OUTCOMES, pairsByOutcome, type Outcome } from '../../state/pairs';
import styles from './ComparePanel.module.css';
import { OutcomeMark } from './OutcomeMark';
import { PairDialog } from './PairDialog';
import { PairList } from './PairList';

type Filter = Outcome | 'all';

/** Every pair, by what became of it. */
export function Pairs({ comparison }: { readonly comparison: Comparison }): ReactElement {
  const groups = useMemo(() => pairsByOutcome(comparison), [comparison]);
  const [wanted, setWanted] = useState<Filter>();
  const [pattern, setPattern] = useState('');
  const [opened, setOpened] = useState<number>();
  const filter: Filter = wanted ?? OUTCOMES.find((outcome) => groups[outcome].length) ?? 'all';
  const patterns = [...new Set(comparison.pairs.map((pair) => pair.pattern))];
  const shown = comparison.pairs.map((_, index) => index)
    .filter((index) => (filter === 'all' || groups[filter].includes(index)) && (!pattern || comparison.pairs[index]?.pattern === pattern));
  return (
    <>
      <div className={styles.filters} role="group" aria-label="Which pairs">
        {OUTCOMES.map((outcome) => (
          <button key={outcome} type="button" className={styles.filter} aria-pressed={filter === outcome} disabled={!groups[outcome].length} onClick={() => setWanted(outcome)}>
            <OutcomeMark outcome={outcome} />{outcome} {groups[outcome].length}
          </button>
        ))}
        <button type="button" className={styles.filter} aria-pressed={filter === 'all'} onClick={() => setWanted('all')}>all {comparison.pairs.length}</button>
        <NativeSelect size="xs" aria-label="Pattern" value={pattern} data={[{ value: '', label: 'every pattern' }, ...patterns]} onChange={(event) => setPattern(event.currentTarget.value)} />
      </div>
      <PairList comparison={comparison} shown={shown} onOpen={setOpened} />
      <PairDialog comparison={comparison} shown={shown} index={opened} onOpen={setOpened} onClose={() => setOpened(undefined)} />
    </>
  );
}
