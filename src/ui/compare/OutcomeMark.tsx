import type { ReactElement } from 'react';
import type { Outcome } from '../../state/pairs';

const MARKS: Readonly<Record<Outcome, readonly [before: boolean, after: boolean]>> = {
  fixed: [false, true], broken: [true, false], 'still right': [true, true], 'still wrong': [false, false],
};

function Half({ x, right, faint }: { readonly x: number; readonly right: boolean; readonly faint: boolean }): ReactElement {
  const stroke = right ? 'var(--sb-right)' : 'var(--sb-wrong)';
  const path = right ? 'M1 5l3 3 5-6' : 'M2 2l6 6M8 2l-6 6';
  return <path transform={`translate(${x} 1)`} d={path} stroke={stroke} strokeWidth={faint ? 1.2 : 2.2} fill="none" strokeLinecap="round" />;
}

/** A tick or a cross before and after: thin, then bold. */
export function OutcomeMark({ outcome }: { readonly outcome: Outcome }): ReactElement {
  const [before, after] = MARKS[outcome];
  return <svg width="26" height="12" viewBox="0 0 26 12" aria-hidden="true"><Half x={0} right={before} faint /><Half x={15} right={after} faint={false} /></svg>;
}
