import type { ReactElement } from 'react';
import { formatSigned } from '../../state/format';
import type { Choice } from '../../state/pairs';
import styles from './MarginBar.module.css';

interface MarginBarProps {
  readonly before: Choice;
  readonly after: Choice;
  /** Margin that fills one side. */
  readonly scale: number;
}

/** Half a bar of a margin, from the middle: right to the right, wrong to the left; hollow before, full after. */
function Bar({ choice, scale, y, hollow }: { readonly choice: Choice; readonly scale: number; readonly y: number; readonly hollow: boolean }): ReactElement {
  const share = scale > 0 ? Math.min(1, Math.abs(choice.margin) / scale) : 0;
  const colour = choice.right ? 'var(--sb-right)' : 'var(--sb-wrong)';
  const width = Math.max(1, 49 * share);
  return <rect x={`${choice.margin >= 0 ? 50 : 50 - width}%`} y={y} width={`${width}%`} height={4} fill={hollow ? 'none' : colour} stroke={colour} strokeWidth={hollow ? 1 : 0} />;
}

const spoken = (choice: Choice): string => choice.doubt ?? formatSigned(choice.margin, 4);

/** How clearly a caption decides, before and after. */
export function MarginBar({ before, after, scale }: MarginBarProps): ReactElement {
  return (
    <div className={styles.margin}>
      <span>{spoken(before)} → {spoken(after)}</span>
      <svg className={styles.bar} aria-hidden="true">
        <rect width="100%" height="12" rx="2" fill="var(--sb-grid)" />
        <line x1="50%" x2="50%" y1="0" y2="12" stroke="var(--sb-muted)" />
        <Bar choice={before} scale={scale} y={1} hollow />
        <Bar choice={after} scale={scale} y={7} hollow={false} />
      </svg>
    </div>
  );
}
