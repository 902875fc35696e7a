import { useWindowVirtualizer } from '@tanstack/react-virtual';
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

/** Where the list stands in the document and how many cards fit beside each other. */
function usePlace(): { readonly ref: React.RefObject<HTMLDivElement | null>; readonly columns: number; readonly top: number } {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ columns: 1, top: 0 });
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      const box = ref.current?.getBoundingClientRect();
      if (!box) return;
      const next = { columns: Math.max(1, Math.floor((box.width + GAP) / (LEAST_CARD_WIDTH + GAP))), top: Math.round(box.top + window.scrollY) };
      setPlace((now) => (now.columns === next.columns && now.top === next.top ? now : next));
    });
    observer.observe(document.body);
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return { ref, ...place };
}

/** The pairs as cards that scroll with the page; only those in sight exist. */
export function PairList({ comparison, shown, onOpen }: PairListProps): ReactElement {
  const { ref, columns, top } = usePlace();
  const scale = widestMargin(comparison);
  const rows = useWindowVirtualizer({ count: Math.ceil(shown.length / columns), estimateSize: () => CARD_HEIGHT + GAP, overscan: 3, scrollMargin: top });
  return (
    <div ref={ref} className={styles.list} role="list" aria-label="Pairs" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(({ index, start }) => (
        <div key={index} role="presentation" className={styles.row} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, transform: `translateY(${start - top}px)` }}>
          {shown.slice(index * columns, (index + 1) * columns).map((pair) => (
            <PairCard key={pair} comparison={comparison} index={pair} scale={scale} onOpen={() => onOpen(pair)} />
          ))}
        </div>
      ))}
    </div>
  );
}
