import { useId, useState, type ReactElement, type ReactNode } from 'react';
import type { SourceKind } from '../../engine/api';
import { workUnderWay } from '../../state/ready';
import { usePage } from '../../state/store';
import { ChevronIcon } from '../icons';
import styles from './Card.module.css';

interface CardProps {
  readonly number: number;
  readonly name: string;
  /** The card in one line: what it shows while it is folded. */
  readonly summary: string;
  /** Follows the summary and is never cut off. */
  readonly detail?: string;
  /** What files dropped on the card are taken for. */
  readonly kind?: SourceKind;
  readonly children: ReactNode;
}

/** A numbered choice that folds to one line. Its contents stay in the document and hold still while the engine works. */
export function Card({ number, name, summary, detail, kind, children }: CardProps): ReactElement {
  const [open, setOpen] = useState(false);
  const busy = usePage((state) => workUnderWay(state) !== undefined);
  const body = useId();
  return (
    <section className={styles.card} aria-label={name} data-kind={kind}>
      <h2>
        <button type="button" className={styles.head} aria-expanded={open} aria-controls={body} onClick={() => setOpen(!open)}>
          <span className={styles.number}>{number}</span>
          <span className={styles.title}>{name}</span>
          <span className={styles.summary} title={summary}><span>{summary}</span>{detail}</span>
          <ChevronIcon />
        </button>
      </h2>
      <div id={body} className={styles.body} hidden={!open}>
        <fieldset className={styles.fields} disabled={busy}>{children}</fieldset>
      </div>
    </section>
  );
}
