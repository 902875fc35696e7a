import type { ReactElement } from 'react';
import type { Comparison } from '../../engine/api';
import { choiceOf, outcomeOf } from '../../state/pairs';
import { Arrows } from './Arrows';
import { MarginBar } from './MarginBar';
import { OutcomeMark } from './OutcomeMark';
import styles from './PairCard.module.css';
import { Picture } from './Picture';

/** Pixels; the list counts on it. */
export const CARD_HEIGHT = 218;

interface PairCardProps {
  readonly comparison: Comparison;
  readonly index: number;
  /** Margin that fills a bar. */
  readonly scale: number;
  readonly onOpen: () => void;
}

/** One pair: captions left, pictures right, and between them what each caption picked before and after. */
export function PairCard({ comparison, index, scale, onOpen }: PairCardProps): ReactElement | null {
  const [pair, before, after] = [comparison.pairs[index], comparison.before.pairs[index], comparison.after.pairs[index]];
  if (!pair || !before || !after) return null;
  const outcome = outcomeOf(before, after);
  const choices = ([0, 1] as const).map((caption) => ({ caption, before: choiceOf(before, caption), after: choiceOf(after, caption) }));
  return (
    <div role="listitem" className={styles.card} style={{ height: CARD_HEIGHT }}>
      <div className={styles.head}>
        <button type="button" aria-label={`Open pair ${index + 1}`} onClick={onOpen}>{index + 1}</button>
        <span>{pair.pattern}</span>
        <span className={styles.outcome}><OutcomeMark outcome={outcome} />{outcome}</span>
      </div>
      <div className={styles.body}>
        {choices.map(({ caption, ...choice }) => (
          <div key={caption} className={styles.caption} style={{ gridColumn: 1, gridRow: caption + 1 }}>
            <p title={pair.captions[caption]}>{pair.captions[caption]}</p>
            <MarginBar before={choice.before} after={choice.after} scale={scale} />
          </div>
        ))}
        <Arrows choices={choices} className={styles.arrows} />
        {pair.pictures.map((picture, i) => (
          <Picture key={i} blob={picture} alt={`Picture ${i + 1}, for caption ${i + 1}`} className={styles.picture} style={{ gridColumn: 3, gridRow: i + 1 }} />
        ))}
      </div>
    </div>
  );
}
