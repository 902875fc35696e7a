import type { ReactElement } from 'react';
import { olderResults } from '../state/inputs';
import { usePage } from '../state/store';
import styles from './OlderResults.module.css';

/** Says whose the results beside it are, once the cards hold something else. */
export function OlderResults(): ReactElement | null {
  const words = usePage(olderResults);
  return words === undefined ? null : <p className={styles.older}>{words}</p>;
}
