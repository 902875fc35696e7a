import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../shared/fixtures/', import.meta.url));

/** The goldens that lie beside a developer's checkout; the repository's tests skip what needs them when they are absent. */
export const hasShared = existsSync(root);

/** Path of a file or folder under shared/fixtures. */
export function shared(path: string): string {
  return root + path;
}
