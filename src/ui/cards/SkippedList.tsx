import type { ReactElement } from 'react';
import { plural } from '../../state/format';
import styles from './Card.module.css';

interface SkippedListProps {
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** Files that cannot be used, each with its reason. */
export function SkippedList({ skipped }: SkippedListProps): ReactElement | null {
  if (!skipped.length) return null;
  return (
    <details className={styles.skipped}>
      <summary>{plural(skipped.length, 'file')} skipped</summary>
      <ul>{skipped.map(({ path, reason }) => <li key={path}><b>{path}</b>: {reason}</li>)}</ul>
    </details>
  );
}
