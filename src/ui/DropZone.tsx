import { fromEvent } from 'file-selector';
import { useEffect, useState, type ReactElement } from 'react';
import type { SourceKind } from '../engine/api';
import { sourceOfFiles } from '../state/files';
import { showFailure, takeFiles } from '../state/store';
import styles from './DropZone.module.css';

const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** The card that something was dropped on, if it was one. */
function kindUnder(event: DragEvent): SourceKind | undefined {
  const card = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-kind]') : null;
  return card?.dataset['kind'] as SourceKind | undefined;
}

async function takeDrop(event: DragEvent): Promise<void> {
  const kind = kindUnder(event);
  try {
    const files = (await fromEvent(event)).filter((item) => item instanceof File);
    await takeFiles(sourceOfFiles(files.map((file) => ({ path: file.path, blob: file }))), kind);
  } catch (error) {
    showFailure({ message: 'The browser could not read what was dropped. Try the Folder or Files button of a card.', details: String(error) });
  }
}

/** Takes files dropped anywhere on the page. */
export function DropZone(): ReactElement | null {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const listeners = new AbortController();
    const listen = (type: 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void): void =>
      window.addEventListener(type, listener, { signal: listeners.signal });
    listen('dragover', (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    });
    listen('dragleave', (event) => {
      if (event.relatedTarget === null) setOver(false);
    });
    listen('drop', (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void takeDrop(event);
    });
    return () => listeners.abort();
  }, []);
  return over ? <div className={styles.overlay}>Drop a folder, pictures, an archive or a model</div> : null;
}
