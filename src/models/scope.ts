import type { Graph } from '../ir/graph';
import { visionParameters, type ClipModel } from './clip';
import { towerOrigins } from './export';

/** What of a vision tower is trained: all of it; its last block and what follows; what follows the last block alone (SigLIP: its pooling too). */
export const SCOPES = ['all', 'last', 'head'] as const;
export type Scope = (typeof SCOPES)[number];

/** The initializers of `graph` that are trained, in the file's order. */
export async function trainedParameters(graph: Graph, clip: ClipModel, scope: Scope): Promise<string[]> {
  const all = visionParameters(graph, clip);
  if (scope === 'all') return all;
  const parts = ['vision_model.post_layernorm.', 'visual_projection.', 'vision_model.head.', ...(scope === 'last' ? [`vision_model.encoder.layers.${clip.config.vision.layers - 1}.`] : [])];
  const chosen = new Set([...(await towerOrigins(clip, 'vision'))].filter(([name]) => parts.some((part) => name.startsWith(part))).map(([, { initializer }]) => initializer));
  return all.filter((name) => chosen.has(name));
}
