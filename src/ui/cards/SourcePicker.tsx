import { Button, Group, NativeSelect } from '@mantine/core';
import { useRef, type ChangeEvent, type ReactElement } from 'react';
import type { SourceKind } from '../../engine/api';
import { sourceOfFiles } from '../../state/files';
import { formatBytes } from '../../state/format';
import { choose, saveBundled, takeFiles, usePage } from '../../state/store';
import { download } from '../download';

interface SourcePickerProps {
  readonly kind: SourceKind;
  readonly label: string;
  /** What the file input takes unless one of the buttons says otherwise. */
  readonly usually: 'folder' | 'files';
}

const OWN = 'own';

/** Chooses among what is bundled, or brings a folder or files; both buttons share one file input. */
export function SourcePicker({ kind, label, usually }: SourcePickerProps): ReactElement {
  const input = useRef<HTMLInputElement>(null);
  const catalogue = usePage((state) => state.catalogue);
  const source = usePage((state) => state.slots[kind].source);
  const bundled = catalogue.filter((item) => item.kind === kind);
  const chosen = source && 'bundled' in source ? source.bundled : OWN;
  const options = bundled.map((item) => ({ value: item.id, label: `${item.title}, ${item.bytes ? formatBytes(item.bytes) : 'drawn here'}` }));
  if (source && !('bundled' in source)) options.push({ value: OWN, label: 'hub' in source ? source.hub : source.name });

  const open = (what: 'folder' | 'files'): void => {
    if (!input.current) return;
    input.current.webkitdirectory = what === 'folder';
    input.current.click();
  };
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const files = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    event.currentTarget.webkitdirectory = usually === 'folder';
    void takeFiles(sourceOfFiles(files.map((file) => ({ path: file.webkitRelativePath || file.name, blob: file }))), kind);
  };

  const save = async (): Promise<void> => {
    const blob = await saveBundled(chosen);
    if (blob) download(blob, `${chosen}.zip`);
  };

  return (
    <>
      <NativeSelect size="xs" label={label} value={chosen} data={options} onChange={(event) => void choose(kind, { bundled: event.currentTarget.value })} />
      <p className="small muted">{source && 'hub' in source ? 'from the Hugging Face hub' : bundled.find((item) => item.id === chosen)?.note}</p>
      <Group gap={8}>
        <Button size="compact-sm" variant="default" onClick={() => open('folder')}>Folder…</Button>
        <Button size="compact-sm" variant="default" onClick={() => open('files')}>Files…</Button>
        {chosen !== OWN && <Button size="compact-sm" variant="default" onClick={() => void save()}>Save as zip</Button>}
        <input ref={input} type="file" multiple webkitdirectory={usually === 'folder' ? '' : undefined} className="visually-hidden" tabIndex={-1} aria-label={`${label}: own ${usually}`} onChange={take} />
      </Group>
    </>
  );
}
