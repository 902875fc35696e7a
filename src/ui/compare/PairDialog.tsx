import { Modal } from '@mantine/core';
import type { KeyboardEvent, ReactElement } from 'react';
import type { Comparison, PairResult } from '../../engine/api';
import { choiceOf, outcomeOf, type Choice } from '../../state/pairs';
import { SteadyButton } from '../SteadyButton';
import styles from './PairDialog.module.css';
import { Picture } from './Picture';

interface PairDialogProps {
  readonly comparison: Comparison;
  /** Indices of the pairs in the list behind it. */
  readonly shown: readonly number[];
  readonly index: number | undefined;
  readonly onOpen: (index: number) => void;
  readonly onClose: () => void;
}

const spoken = (choice: Choice): string => `${choice.right ? '✓' : '✗'} picks picture ${choice.picture + 1}${choice.doubt ? ` (${choice.doubt})` : ''}`;

/** What a caption picks, and the similarities to both pictures behind that. */
function Pick({ result, caption }: { readonly result: PairResult; readonly caption: 0 | 1 }): ReactElement {
  const choice = choiceOf(result, caption);
  return (
    <td>
      <b style={{ color: choice.right ? 'var(--sb-right)' : 'var(--sb-wrong)' }}>{spoken(choice)}</b>
      <br /><span className="small muted">{result.similarity[caption].map((value) => value.toFixed(4)).join(' · ')}</span>
    </td>
  );
}

/** A pair at large: what each caption picked before and picks after. Arrow keys go on among the pairs shown. */
export function PairDialog({ comparison, shown, index, onOpen, onClose }: PairDialogProps): ReactElement {
  const [pair, before, after] = index === undefined ? [] : [comparison.pairs[index], comparison.before.pairs[index], comparison.after.pairs[index]];
  const title = pair && before && after ? `Pair ${index! + 1} · ${pair.pattern} · ${outcomeOf(before, after)}` : '';
  const at = index === undefined ? -1 : shown.indexOf(index);
  const go = (step: 1 | -1): void => {
    const next = shown[at + step];
    if (next !== undefined) onOpen(next);
  };
  const onKeyDown = ({ key }: KeyboardEvent): void => {
    if (key === 'ArrowRight') go(1);
    if (key === 'ArrowLeft') go(-1);
  };
  return (
    <Modal opened={pair !== undefined} onClose={onClose} title={title} size="xl" closeButtonProps={{ 'aria-label': 'Close' }} onKeyDown={onKeyDown}>
      {pair && before && after && (
        <>
          <div className={styles.pictures}>
            {pair.pictures.map((picture, i) => (
              <figure key={i}><Picture blob={picture} alt={`Picture ${i + 1}`} /><figcaption>{i + 1}. {pair.captions[i]}</figcaption></figure>
            ))}
          </div>
          <table className={styles.table}>
            <thead><tr><th scope="col">Similarity to pictures 1 · 2</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
            <tbody>{([0, 1] as const).map((caption) => <tr key={caption}><th scope="row">Caption {caption + 1}</th><Pick result={before} caption={caption} /><Pick result={after} caption={caption} /></tr>)}</tbody>
          </table>
          <div className={styles.others}>
            <SteadyButton size="xs" variant="default" off={at < 1} onClick={() => go(-1)}>← Previous</SteadyButton>
            <span className="small muted" role="status">{at + 1} of {shown.length}</span>
            <SteadyButton size="xs" variant="default" off={at + 1 >= shown.length} onClick={() => go(1)}>Next →</SteadyButton>
          </div>
        </>
      )}
    </Modal>
  );
}
