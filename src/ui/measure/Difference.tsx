import type { ReactElement } from 'react';
import type { Figure } from '../../engine/api';
import { formatP, formatSigned } from '../../state/format';
import { decimalsOf, isClear } from '../../state/verdict';
import styles from './MeasurePanel.module.css';

interface DifferenceProps {
  readonly figure: Figure;
  /** The points and a mark only. */
  readonly short?: boolean;
}

/** Points between before and after; coloured and marked only where chance is an unlikely reason for them. */
export function Difference({ figure, short = false }: DifferenceProps): ReactElement | null {
  const { before, after, p } = figure;
  if (after === undefined) return null;
  const clear = isClear(p);
  const [mark, colour] = !clear ? ['', styles.unclear] : after > before ? ['▲ ', styles.better] : ['▼ ', styles.worse];
  const points = formatSigned(after - before, decimalsOf(figure));
  if (short) return <span className={colour}>{mark}{points}</span>;
  const chance = p === undefined ? '' : clear ? ` (${formatP(p)})` : `: no clear difference (${formatP(p)})`;
  return <span className={`small ${colour}`}>{mark}{points} points{chance}</span>;
}
