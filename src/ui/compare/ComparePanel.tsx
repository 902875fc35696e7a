import { Button } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { plural } from '../../state/format';
import { workUnderWay } from '../../state/ready';
import { isBusy } from '../../state/run';
import { usePage } from '../../state/store';
import { SourcePicker } from '../cards/SourcePicker';
import { OlderResults } from '../OlderResults';
import { Panel } from '../Panel';
import styles from './ComparePanel.module.css';
import { Headline } from './Headline';
import { Pairs } from './Pairs';
import { PatternTable } from './PatternTable';
import { ScoreTrail } from './ScoreTrail';
import { Verdict } from './Verdict';

/** Chooses the pairs that before and after are asked about. */
function BenchmarkPicker({ open }: { readonly open: boolean }): ReactElement {
  const busy = usePage((state) => workUnderWay(state) !== undefined);
  return (
    <div className={styles.picker} hidden={!open} data-kind="benchmark">
      <p className="small muted">A folder or zip in the layout of MMVP-VLM: Questions.csv and pictures by pattern.</p>
      <fieldset disabled={busy} style={{ all: 'unset', display: 'grid', gap: 8 }}>
        <SourcePicker kind="benchmark" label="Benchmark" usually="folder" />
      </fieldset>
    </div>
  );
}

/** What is wrong with the benchmark, pair by pair. */
function Warnings({ warnings }: { readonly warnings: readonly string[] }): ReactElement | null {
  if (!warnings.length) return null;
  return (
    <details className="small">
      <summary>{plural(warnings.length, 'warning')} about these pairs</summary>
      <ul>{warnings.map((warning) => <li key={warning}>{warning}</li>)}</ul>
    </details>
  );
}

function Contents(): ReactElement {
  const comparison = usePage((state) => state.run.comparison);
  const scores = usePage((state) => state.run.scores);
  const busy = usePage((state) => isBusy(state.run.phase));
  const [latest] = scores.slice(-1);
  if (comparison) {
    return (
      <>
        <Headline comparison={comparison} />
        <Verdict comparison={comparison} />
        <ScoreTrail scores={scores} />
        <PatternTable comparison={comparison} />
        <Pairs comparison={comparison} />
      </>
    );
  }
  if (latest) {
    return (
      <>
        <p className={styles.headline}><span className={styles.score}>{latest.pairsRight} <small>of {latest.of} pairs {latest.step === 0 ? 'before tuning' : `after ${plural(latest.step, 'step')}`}</small></span></p>
        <ScoreTrail scores={scores} />
        {busy && <p className={styles.empty}>The pairs appear when the run ends.</p>}
      </>
    );
  }
  return (
    <p className={styles.empty}>
      Two pictures that differ in one thing, two captions: each caption must be closer to its own picture. How many pairs come out right, before tuning and after, shows here with every pair.
    </p>
  );
}

export function ComparePanel(): ReactElement {
  const [choosing, setChoosing] = useState(false);
  const benchmark = usePage((state) => state.slots.benchmark);
  const comparison = usePage((state) => state.run.comparison);
  const title = benchmark.reading !== undefined ? `reading ${benchmark.reading}…` : benchmark.info ? `${benchmark.info.name} · ${plural(benchmark.info.pairs, 'pair')}` : 'no pairs chosen';
  const data = comparison && { 'data-before': comparison.before.pairsRight, 'data-after': comparison.after.pairsRight, 'data-total': comparison.after.of };
  const aside = (
    <>
      <span className="small muted">{title}</span>
      <Button size="compact-sm" variant="default" aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>{choosing ? 'Close' : 'Change'}</Button>
    </>
  );
  return (
    <Panel name="Compare" data={data} aside={aside}>
      <BenchmarkPicker open={choosing} />
      <Warnings warnings={benchmark.info?.warnings ?? []} />
      <OlderResults />
      <Contents />
    </Panel>
  );
}
