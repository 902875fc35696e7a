import type { ReactElement } from 'react';
import type { HeatMaps } from '../../engine/api';
import { Picture } from '../compare/Picture';
import styles from './MeasurePanel.module.css';

/** Where texts are seen in pictures, before beside after. */
export function HeatMapList({ maps }: { readonly maps: readonly HeatMaps[] }): ReactElement {
  return (
    <details className={styles.rows}>
      <summary>Where it sees what</summary>
      <p className="small muted">How well each patch fits the text: dark blue least, yellow most; one scale for both models.</p>
      {maps.map(({ text, picture, before, after }, i) => (
        <figure key={i} className={styles.maps}>
          <Picture blob={picture} alt="Picture" />
          <Picture blob={before} alt="Heat map before" />
          {after && <Picture blob={after} alt="Heat map after" />}
          <figcaption className="small muted">“{text}”: picture, before{after && ', after'}</figcaption>
        </figure>
      ))}
    </details>
  );
}
