import { UserError } from '../ir/errors';

export type ConditionName = 'class+random' | 'class+all' | 'pooled+average';

/** What the diffusion model is conditioned on, of the CLIP's tokens: class token and k drawn patches, class token and all, or pooled token and averages. */
export type Condition =
  | { readonly kind: 'class+random'; readonly patches: number }
  | { readonly kind: 'class+all' }
  | { readonly kind: 'pooled+average'; readonly pool: number };

/** DIVA's defaults are for a grid of 16 x 16 patches. */
const DIVA_PATCHES = 256;
const DIVA_RANDOM = 76;
const DIVA_POOL = 6;

/** Fewer than this, and a window is hardly an average. */
const LEAST_POOL = 3;

export interface ConditionChoice {
  readonly condition?: ConditionName;
  readonly patches?: number;
  readonly pool?: number;
}

/** DIVA's condition for a CLIP family, scaled to its grid where not chosen. `patchTokens`: how many the grid has. */
export function resolveCondition(family: 'openai' | 'metaclip' | 'siglip', patchTokens: number, chosen: ConditionChoice): Condition {
  const kind = chosen.condition ?? ({ openai: 'class+random', metaclip: 'class+all', siglip: 'pooled+average' } as const)[family];
  if (kind === 'class+all') return { kind };
  if (kind === 'class+random') return { kind, patches: chosen.patches ?? Math.max(1, Math.round((patchTokens * DIVA_RANDOM) / DIVA_PATCHES)) };
  const pool = chosen.pool ?? Math.min(patchTokens, Math.max(LEAST_POOL, Math.round((Math.sqrt(patchTokens) * DIVA_POOL) / Math.sqrt(DIVA_PATCHES))));
  if (pool > patchTokens) throw new UserError(`Windows of ${pool} tokens cannot be averaged: this CLIP has ${patchTokens} patches`, 'setting pool', `Use at most ${patchTokens}`);
  return { kind, pool };
}

/** How many tokens the condition hands to the diffusion model. */
export function tokenCount(condition: Condition, patchTokens: number): number {
  if (condition.kind === 'class+random') return 1 + condition.patches;
  return 1 + (condition.kind === 'class+all' ? patchTokens : Math.floor(patchTokens / condition.pool));
}

/** Whether the text's tokens are added position by position (cut to the tokens' count) rather than averaged and broadcast. */
export function addsByPosition(condition: Condition, patchTokens: number, textTokens: number): boolean {
  return condition.kind === 'class+random' && tokenCount(condition, patchTokens) <= textTokens;
}
