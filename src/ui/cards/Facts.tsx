import { Fragment, type ReactElement } from 'react';
import styles from './Card.module.css';

export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: string])[] }): ReactElement {
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => <Fragment key={name}><dt>{name}</dt><dd>{value}</dd></Fragment>)}
    </dl>
  );
}
