import { ActionIcon, Button, CopyButton } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Failure } from '../engine/api';
import { dismissFailures, reopen, usePage } from '../state/store';
import { CloseIcon, WarnIcon } from './icons';
import styles from './Notice.module.css';

const asText = (failures: readonly Failure[]): string => failures.map(({ message, details }) => [message, details].filter(Boolean).join('\n')).join('\n\n');

/** The one place for errors. */
export function Failures(): ReactElement | null {
  const failures = usePage((state) => state.failures);
  const broken = usePage((state) => state.broken);
  if (!failures.length) return null;
  return (
    <div className={styles.failure} role="alert">
      <WarnIcon />
      <div className={styles.text}>{failures.map(({ message }) => <p key={message}>{message}</p>)}</div>
      {broken && <Button size="compact-xs" onClick={() => void reopen()}>Start it again</Button>}
      <CopyButton value={asText(failures)}>
        {({ copied, copy }) => <Button size="compact-xs" variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy details'}</Button>}
      </CopyButton>
      {!broken && <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Dismiss" onClick={dismissFailures}><CloseIcon /></ActionIcon>}
    </div>
  );
}
