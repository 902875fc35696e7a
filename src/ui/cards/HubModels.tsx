import { useId, type ReactElement } from 'react';
import type { HubModel, ModelKind } from '../../engine/api';
import { formatBytes } from '../../state/format';
import { choose, removeHubModel, usePage } from '../../state/store';
import { SteadyButton } from '../SteadyButton';
import styles from './Card.module.css';

interface HubModelsProps {
  readonly kind: ModelKind;
}

const sizeText = ({ here, bytes }: HubModel): string => (here < bytes ? `${formatBytes(here)} of ${formatBytes(bytes)}` : formatBytes(bytes));

/** What downloads have left in the browser's storage, to be used again or removed. */
export function HubModels({ kind }: HubModelsProps): ReactElement | null {
  const id = useId();
  const models = usePage((state) => state.hubModels);
  const slots = usePage((state) => state.slots);
  const own = models.filter((model) => model.kind === kind);
  if (!own.length) return null;
  const isIn = (name: string, of: ModelKind): boolean => {
    const { source } = slots[of];
    return source !== undefined && 'hub' in source && source.hub === name;
  };
  const loading = slots.clip.reading !== undefined || slots.diffusion.reading !== undefined;
  return (
    <section className={styles.hubModels} aria-labelledby={id}>
      <h3 id={id} className="small muted">Kept in this browser</h3>
      <ul>
        {own.map((model) => {
          const { name } = model;
          const word = model.here < model.bytes ? 'Go on' : 'Use';
          return (
            <li key={name}>
              <span>{name} <span className="muted">{sizeText(model)}</span></span>
              <SteadyButton size="compact-xs" variant="default" off={loading || isIn(name, kind)} aria-label={`${word}: ${name}`} onClick={() => void choose(kind, { hub: name })}>{word}</SteadyButton>
              <SteadyButton size="compact-xs" variant="default" off={loading || isIn(name, 'clip') || isIn(name, 'diffusion')} aria-label={`Remove: ${name}`} onClick={() => void removeHubModel(name)}>Remove</SteadyButton>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
