import { Progress, TextInput } from '@mantine/core';
import { useId, useState, type FormEvent, type MouseEvent, type ReactElement } from 'react';
import type { HubOffer, ModelKind } from '../../engine/api';
import { formatBytes, plural } from '../../state/format';
import { cancelDownload, choose, lookUp, usePage } from '../../state/store';
import { SteadyButton } from '../SteadyButton';
import styles from './Card.module.css';
import { HubModels } from './HubModels';

interface HubPickerProps {
  readonly kind: ModelKind;
}

const PRIVACY = 'Asks huggingface.co for the files of the model you name; nothing of yours is sent there.';

function offerText({ name, files, bytes, missing, licence }: HubOffer): string {
  const here = missing < bytes ? `, of which ${formatBytes(bytes - missing)} are here` : '';
  return `${name}: ${plural(files, 'file')}, ${formatBytes(bytes)}${here}${licence === undefined ? '' : `, licence ${licence}`}. They stay in this browser's storage.`;
}

/** Takes a model from the Hugging Face hub by its repository's name, once a person has seen what that downloads. */
export function HubPicker({ kind }: HubPickerProps): ReactElement {
  const id = useId();
  const [typed, setTyped] = useState('');
  const [looking, setLooking] = useState(false);
  const [offer, setOffer] = useState<HubOffer>();
  const { reading, progress, cancelling } = usePage((state) => state.slots[kind]);

  const take = async ({ name }: HubOffer): Promise<void> => {
    await choose(kind, { hub: name });
    const { source } = usePage.getState().slots[kind];
    if (!source || !('hub' in source) || source.hub !== name) return;
    setTyped('');
    setOffer(undefined);
  };
  const look = async (): Promise<void> => {
    setLooking(true);
    const found = await lookUp(kind, typed);
    setLooking(false);
    setOffer(found);
    if (found?.missing === 0) await take(found);
  };
  const off = progress ? cancelling === true : looking || reading !== undefined || typed.trim() === '';
  const act = (): void => {
    if (off) return;
    if (progress) void cancelDownload(kind);
    else void (offer ? take(offer) : look());
  };
  const words = progress ? 'Cancel' : looking ? 'Looking…' : offer ? `Download ${formatBytes(offer.missing)}` : 'Look up';
  const press = (event: MouseEvent): void => {
    event.preventDefault();
    const doubled = event.detail > 1;
    if (!doubled) act();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!progress) act();
  };
  return (
    <form className={styles.hub} onSubmit={submit}>
      <TextInput
        size="xs" label="From the Hugging Face hub" placeholder="owner/name"
        autoComplete="off" autoCapitalize="none" spellCheck={false} aria-describedby={`${id}-text`} value={typed} readOnly={looking || reading !== undefined}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setOffer(undefined);
        }}
      />
      <p id={`${id}-text`} className={offer || progress ? 'small' : 'small muted'} role="status">{progress ? `Downloading: ${formatBytes(progress.done)} of ${formatBytes(progress.total)}` : offer ? offerText(offer) : PRIVACY}</p>
      {progress && <Progress value={(100 * progress.done) / Math.max(1, progress.total)} size={4} aria-label="Progress of the download" />}
      <SteadyButton size="compact-sm" variant="default" off={off} onClick={press}>{words}</SteadyButton>
      <HubModels kind={kind} />
    </form>
  );
}
