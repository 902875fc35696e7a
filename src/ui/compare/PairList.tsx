import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import { widestMargin } from '../../state/pairs';
import { CARD_HEIGHT, PairCard } from './PairCard';
import styles from './PairList.module.css';

const LEAST_CARD_WIDTH = 340;
const GAP = 10;

interface PairListProps {
  readonly comparison: Comparison;
  /** Indices of the pairs to show. */
  readonly shown: readonly number[];
  readonly onOpen: (index: number) => void;
}

/** How many cards fit beside each other in an element. */
function useColumns(): { readonly ref: React.RefObject<HTMLDivElement | null>; readonly columns: number } {
  const ref = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setColumns(Math.max(1, Math.floor(((entry?.contentRect.width ?? 0) + GAP) / (LEAST_CARD_WIDTH + GAP)))));
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return { ref, columns };
}

/** The pairs as cards in a box of their own that scrolls, so that what follows stays near; only those in sight exist. */
export function PairList({ comparison, shown, onOpen }: PairListProps): ReactElement {
  const { ref, columns } = useColumns();
  const scale = widestMargin(comparison);
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises this component
  const rows = useVirtualizer({ count: Math.ceil(shown.length / columns), getScrollElement: () => ref.current, estimateSize: () => CARD_HEIGHT + GAP, overscan: 3 });
  return (
    <div ref={ref} className={styles.box} tabIndex={0} role="region" aria-label="Pairs in a scrolling box">
      <div className={styles.list} role="list" aria-label="Pairs" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <div key={index} role="presentation" className={styles.row} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, transform: `translateY(${start}px)` }}>
            {shown.slice(index * columns, (index + 1) * columns).map((pair) => (
              <PairCard key={pair} comparison={comparison} index={pair} scale={scale} onOpen={() => onOpen(pair)} />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
