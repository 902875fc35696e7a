import type { ReactElement } from 'react';
import type { Choice } from '../../state/pairs';

const WIDTH = 64;
const ROW = 92;
const MIDDLE = 42;
/** Before runs a little above after. */
const OFFSET = { before: -9, after: 9 } as const;

interface ArrowsProps {
  readonly choices: readonly { readonly caption: 0 | 1; readonly before: Choice; readonly after: Choice }[];
  readonly className?: string;
}

function Arrow({ caption, choice, when }: { readonly caption: 0 | 1; readonly choice: Choice; readonly when: 'before' | 'after' }): ReactElement {
  const [from, to] = [MIDDLE + caption * ROW + OFFSET[when], MIDDLE + choice.picture * ROW + OFFSET[when]];
  const colour = choice.right ? 'var(--sb-right)' : 'var(--sb-wrong)';
  const end = WIDTH - 8;
  const [ux, uy] = direction(end - 2, to - from);
  const head = `M${end - 8 * ux + 4 * uy} ${to - 8 * uy - 4 * ux}L${end} ${to}L${end - 8 * ux - 4 * uy} ${to - 8 * uy + 4 * ux}`;
  return (
    <g fill="none" stroke={colour} strokeWidth={when === 'after' ? 2.2 : 1.6} strokeLinecap="round">
      <line x1="2" y1={from} x2={end} y2={to} strokeDasharray={when === 'before' ? '1 5' : undefined} />
      <path d={head} />
    </g>
  );
}

function direction(dx: number, dy: number): readonly [number, number] {
  const length = Math.hypot(dx, dy);
  return [dx / length, dy / length];
}

const spoken = (choice: Choice): string => `picture ${choice.picture + 1}${choice.doubt ? ` (${choice.doubt})` : ''}`;

/** From each caption to the picture it is closest to: dotted before, solid after. A straight arrow is right, a crossing one wrong. */
export function Arrows({ choices, className }: ArrowsProps): ReactElement {
  const label = choices.map(({ caption, before, after }) => `Caption ${caption + 1} picked ${spoken(before)} before and picks ${spoken(after)} after.`).join(' ');
  return (
    <svg width={WIDTH} height={2 * MIDDLE + ROW} className={className} role="img" aria-label={label}>
      {choices.map(({ caption, before }) => <Arrow key={caption} caption={caption} choice={before} when="before" />)}
      {choices.map(({ caption, after }) => <Arrow key={caption} caption={caption} choice={after} when="after" />)}
    </svg>
  );
}
