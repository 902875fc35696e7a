import { ActionIcon, NativeSelect } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import type { SourceKind } from '../engine/api';
import { dismissDropped, retakeDropped, usePage } from '../state/store';
import { CloseIcon, InfoIcon } from './icons';
import styles from './Notice.module.css';

const KINDS: readonly { readonly value: SourceKind; readonly label: string }[] = [
  { value: 'clip', label: 'Eyes (a CLIP model)' },
  { value: 'diffusion', label: 'Teacher (a diffusion model)' },
  { value: 'pictures', label: 'Pictures' },
  { value: 'benchmark', label: 'Compare (an MMVP folder)' },
];

/** Says what the last files were taken for, and lets that be changed. */
export function DroppedNotice(): ReactElement | null {
  const dropped = usePage((state) => state.dropped);
  const notice = usePage((state) => state.notice);
  const looking = usePage((state) => state.looking);
  if (looking !== undefined) return <div className={`${styles.notice} ${styles.row}`} role="status"><InfoIcon /><span className={styles.text}>Looking at <b>{looking}</b>…</span></div>;
  if (notice) return <Notice><span className={styles.text}>{notice}</span></Notice>;
  if (!dropped) return null;
  return (
    <Notice>
      <span>Took <b>{dropped.source.name}</b> for</span>
      <NativeSelect size="xs" aria-label={`Take ${dropped.source.name} for`} value={dropped.kind} data={[...KINDS]} onChange={(event) => void retakeDropped(event.currentTarget.value as SourceKind)} />
      <span className={styles.text} />
    </Notice>
  );
}

function Notice({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <div className={`${styles.notice} ${styles.row}`} role="status">
      <InfoIcon />
      {children}
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Dismiss" onClick={dismissDropped}><CloseIcon /></ActionIcon>
    </div>
  );
}
