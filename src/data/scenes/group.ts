import { describe, PROMPT } from './caption';
import { KINDS } from './kinds';
import { Random } from './random';
import { BACKGROUNDS, sceneOfKind, type Background, type Scene } from './scene';

/** Half the extent of a thing in a group, in parts of the picture's edge. */
export const GROUP_EXTENT = 0.21;

/** Several things of different kinds in one picture, for segmentation and retrieval. */
export interface Group {
  /** Each thing with the middle of its quarter of the picture. Its scene's own background and place do not count. */
  readonly things: readonly { readonly scene: Scene; readonly x: number; readonly y: number }[];
  readonly background: Background;
  readonly nuisance: number;
}

const QUARTERS = [[0.26, 0.26], [0.74, 0.26], [0.26, 0.74], [0.74, 0.74]] as const;

/** The group of a seed (32 bits): two to four things of different kinds. */
export function groupOf(seed: number): Group {
  const random = new Random(seed, 8);
  const kinds = shuffled(KINDS, random);
  const quarters = shuffled(QUARTERS, random).slice(0, 2 + random.below(3));
  const things = quarters.map(([x, y], i) => ({ scene: sceneOfKind(kinds[i]!.name, random.bits()), x: x + random.between(-0.03, 0.03), y: y + random.between(-0.03, 0.03) }));
  return { things, background: random.pick(Object.keys(BACKGROUNDS) as Background[]), nuisance: random.bits() };
}

/** "a photo of a red fish, a blue candle and a yellow star at night": things in their order, with their colours. */
export function captionOfGroup(group: Group): string {
  const names = group.things.map(({ scene }) => describe(scene, ['Color'], false).slice(PROMPT.length));
  return `${PROMPT}${names.slice(0, -1).join(', ')} and ${names.at(-1)!} ${BACKGROUNDS[group.background]}`;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
