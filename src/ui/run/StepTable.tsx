import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type ReactElement } from 'react';
import { formatNumber } from '../../state/format';
import { theSeries, usePage } from '../../state/store';
import styles from './RunPanel.module.css';

const ROW = 24;

/** Every step's numbers, newest first. */
export function StepTable(): ReactElement {
  usePage((state) => state.seriesVersion);
  const series = theSeries();
  const count = series.step.length;
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises this component
  const rows = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const items = rows.getVirtualItems();
  const [above, below] = [items[0]?.start ?? 0, rows.getTotalSize() - (items.at(-1)?.end ?? 0)];
  return (
    <div ref={scroller} className={styles.table} tabIndex={0} role="region" aria-label="Numbers of every step">
      <table aria-rowcount={count + 1}>
        <thead>
          <tr>{['Step', 'Loss', 'Average', 'Learning rate', 'Gradient norm'].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {above > 0 && <tr style={{ height: above }} />}
          {items.map(({ index }) => {
            const i = count - 1 - index;
            const values = [series.loss, series.average, series.lr, series.gradNorm].map((column) => formatNumber(column[i] ?? NaN));
            return <tr key={i}><td>{series.step[i]}</td>{values.map((value, column) => <td key={column}>{value}</td>)}</tr>;
          })}
          {below > 0 && <tr style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}
