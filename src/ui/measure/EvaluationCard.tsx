import { Progress } from '@mantine/core';
import type { MouseEvent, ReactElement } from 'react';
import type { EvaluationInfo, EvaluationResult } from '../../engine/api';
import { measuresRun } from '../../state/inputs';
import { isBusy } from '../../state/run';
import type { Measured } from '../../state/page';
import { cancelMeasuring, measure, usePage } from '../../state/store';
import { decimalsOf } from '../../state/verdict';
import { SteadyButton } from '../SteadyButton';
import { Difference } from './Difference';
import { HeatMapList } from './HeatMapList';
import styles from './MeasurePanel.module.css';

/** One evaluation: its figure before and after, what lies behind it, and the button that computes them. */
export function EvaluationCard({ info }: { readonly info: EvaluationInfo }): ReactElement {
  const measured = usePage((state) => state.measured[info.id]);
  const { result } = measured ?? {};
  return (
    <article className={styles.card} aria-label={info.title} data-before={result?.before} data-after={result?.after}>
      <div className={styles.head}><h3>{info.title}</h3><MeasureButton info={info} measured={measured} /></div>
      <p className="small muted">{info.what}</p>
      <p className={styles.figure}>
        {result ? <><b>{figureText(result)}</b> <span className="small muted">% {info.unit}{result.chance !== undefined && `; guessing: ${result.chance.toFixed(1)}`}</span></> : <span className="muted">Not measured yet</span>}
      </p>
      <div role="status"><Status measured={measured} /></div>
      {result && <Rows info={info} result={result} />}
      {result?.maps && <HeatMapList maps={result.maps} />}
    </article>
  );
}

function figureText(result: EvaluationResult): string {
  const { before, after } = result;
  const digits = decimalsOf(result);
  return after === undefined ? before.toFixed(digits) : `${before.toFixed(digits)} → ${after.toFixed(digits)}`;
}

/** Stays where it is, whatever it can do: a button that goes takes the focus with it. */
function MeasureButton({ info: { id, title }, measured }: { readonly info: EvaluationInfo; readonly measured: Measured | undefined }): ReactElement {
  const barred = usePage((state) => isBusy(state.run.phase) || state.broken || state.slots.clip.info === undefined || state.slots.clip.reading !== undefined);
  const tuned = usePage(measuresRun);
  const { result, progress } = measured ?? {};
  const complete = result !== undefined && (result.after !== undefined || !tuned);
  const words = progress ? 'Cancel' : complete ? 'Measured' : 'Measure';
  const press = ({ detail }: MouseEvent): void => {
    const doubled = detail > 1;
    if (!doubled) void (progress ? cancelMeasuring(id) : measure(id));
  };
  return <SteadyButton size="compact-sm" variant="default" aria-label={`${words}: ${title}`} off={progress ? progress.cancelling === true : barred || complete} onClick={press}>{words}</SteadyButton>;
}

function Status({ measured }: { readonly measured: Measured | undefined }): ReactElement | null {
  if (measured?.progress) {
    const { label, done, total } = measured.progress;
    return (
      <>
        <span className="small">{label}{total > 0 && `: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`}</span>
        <Progress value={total ? (100 * done) / total : 0} size={4} aria-label="Progress of the evaluation" />
      </>
    );
  }
  if (measured?.failed) return <span className="small">Failed: the message at the top says why.</span>;
  return measured?.result ? <Difference figure={measured.result} /> : null;
}

function Rows({ info, result }: { readonly info: EvaluationInfo; readonly result: EvaluationResult }): ReactElement {
  const after = result.after !== undefined;
  return (
    <details className={styles.rows}>
      <summary>By {info.rows.toLowerCase()}</summary>
      <table>
        <thead><tr><th scope="col">{info.rows}</th><th scope="col">{after ? 'Before' : '%'}</th>{after && <><th scope="col">After</th><th scope="col">Points</th></>}</tr></thead>
        <tbody>
          {result.rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th><td>{row.before.toFixed(decimalsOf(row))}</td>
              {row.after !== undefined && <><td>{row.after.toFixed(decimalsOf(row))}</td><td><Difference figure={row} short /></td></>}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
