/** Names that a card has taken from the hub on this machine, so that they need not be typed again. */
import type { ModelKind } from '../engine/api';

const KEY = 'seebetter.hub.';
const REMEMBERED = 8;

/** The newest first; nothing where the browser keeps nothing, or something else. */
export function hubNames(kind: ModelKind): readonly string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY + kind) ?? '[]');
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** A full or forbidden store loses the name and nothing else. */
export function rememberHubName(kind: ModelKind, name: string): void {
  try {
    localStorage.setItem(KEY + kind, JSON.stringify([name, ...hubNames(kind).filter((known) => known !== name)].slice(0, REMEMBERED)));
  } catch {
    return;
  }
}
