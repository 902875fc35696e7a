import type { Kind } from '../kind';
import { cat, duck, fish } from './animals';
import { book, candle, cup, table, umbrella } from './household';
import { apple, flower, tree } from './plants';
import { arrow, block, flag, shirt, sign } from './signs';
import { ball, balloon, die, face, house, star } from './toys';
import { boat, car, rocket } from './vehicles';

/** Every kind of thing. A kind's class label in masks is its index plus one; 0 is the background. */
export const KINDS: readonly Kind[] = [
  apple, arrow, ball, balloon, block, boat, book, candle, car, cat, cup, die, duck, face, fish, flag, flower, house, rocket, shirt, sign, star, table, tree, umbrella,
];

const byName = new Map(KINDS.map((kind, index) => [kind.name, { kind, label: index + 1 }]));

export function kindOf(name: string): Kind {
  return found(name).kind;
}

export function labelOf(name: string): number {
  return found(name).label;
}

function found(name: string): { kind: Kind; label: number } {
  const entry = byName.get(name);
  if (!entry) throw new Error(`internal: there is no kind of thing called "${name}"`);
  return entry;
}
