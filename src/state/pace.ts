/** How long a step took here the last time, so that the page can say how long a run will take without guessing. */

const KEY = 'seebetter.pace';
/** Different combinations of models, settings and executor that are remembered. */
const REMEMBERED = 30;

/** Measured seconds a step, by combination (plan.ts), oldest first. */
export type Paces = Readonly<Record<string, number>>;

export function withPace(paces: Paces, combination: string, secondsPerStep: number): Paces {
  const others = Object.entries(paces).filter(([key]) => key !== combination);
  return Object.fromEntries([...others, [combination, secondsPerStep] as const].slice(-REMEMBERED));
}

/** What an earlier visit has stored; anything unreadable counts as nothing. */
export function parsePaces(text: string | null): Paces {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0));
  } catch {
    return {};
  }
}

export function loadPaces(): Paces {
  try {
    return parsePaces(localStorage.getItem(KEY));
  } catch {
    return {};
  }
}

/** A full or forbidden store loses the figures and nothing else. */
export function savePaces(paces: Paces): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(paces));
  } catch {
    return;
  }
}
