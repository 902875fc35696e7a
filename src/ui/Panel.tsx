import type { ReactElement, ReactNode } from 'react';
import styles from './Panel.module.css';

interface PanelProps {
  readonly name: string;
  /** Beside the heading, on its right end. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** What scripts read: data-* attributes. */
  readonly data?: Readonly<Record<`data-${string}`, string | number | undefined>>;
}

/** A landmark of the page with its heading. */
export function Panel({ name, aside, children, data }: PanelProps): ReactElement {
  return (
    <section className={styles.panel} aria-label={name} {...data}>
      <div className={styles.head}>
        <h2>{name}</h2>
        {aside !== undefined && <div className={styles.rest}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
