import { Modal } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Comparison, PairResult } from '../../engine/api';
import { choiceOf, outcomeOf } from '../../state/pairs';
import styles from './PairDialog.module.css';
import { Picture } from './Picture';

interface PairDialogProps {
  readonly comparison: Comparison;
  readonly index: number | undefined;
  readonly onClose: () => void;
}

function Rows({ when, result }: { readonly when: string; readonly result: PairResult }): ReactElement {
  return (
    <>
      {([0, 1] as const).map((caption) => {
        const choice = choiceOf(result, caption);
        return (
          <tr key={caption}>
            <th scope="row">Caption {caption + 1}, {when}</th>
            {result.similarity[caption].map((value, picture) => <td key={picture}>{picture === choice.picture ? <b>{value.toFixed(4)}</b> : value.toFixed(4)}</td>)}
            <td>{choice.right ? '✓ right' : '✗ wrong'}{choice.doubt && `, ${choice.doubt}`}</td>
          </tr>
        );
      })}
    </>
  );
}

/** A pair at large, with the similarities behind its arrows. */
export function PairDialog({ comparison, index, onClose }: PairDialogProps): ReactElement {
  const [pair, before, after] = index === undefined ? [] : [comparison.pairs[index], comparison.before.pairs[index], comparison.after.pairs[index]];
  const title = pair && before && after ? `Pair ${index! + 1} · ${pair.pattern} · ${outcomeOf(before, after)}` : '';
  return (
    <Modal opened={pair !== undefined} onClose={onClose} title={title} size="xl" closeButtonProps={{ 'aria-label': 'Close' }}>
      {pair && before && after && (
        <>
          <div className={styles.pictures}>
            {pair.pictures.map((picture, i) => (
              <figure key={i}><Picture blob={picture} alt={`Picture ${i + 1}`} /><figcaption>{i + 1}. {pair.captions[i]}</figcaption></figure>
            ))}
          </div>
          <table className={styles.table}>
            <thead><tr><th scope="col">Similarity</th><th scope="col">Picture 1</th><th scope="col">Picture 2</th><th scope="col">Picks</th></tr></thead>
            <tbody><Rows when="before" result={before} /><Rows when="after" result={after} /></tbody>
          </table>
        </>
      )}
    </Modal>
  );
}
