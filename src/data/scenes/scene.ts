import { NUMBERS, type Pattern } from './kind';
import { KINDS, kindOf } from './kinds';
import { Random } from './random';

/** Where a thing is, and the words for it in a caption. */
export const BACKGROUNDS = { grass: 'on grass', sand: 'on sand', snow: 'in the snow', wall: 'by a brick wall', floor: 'on a wooden floor', night: 'at night' } as const;
export type Background = keyof typeof BACKGROUNDS;

/** What a picture shows. Drawing, captions, masks and questions are pure functions of it. */
export interface Scene {
  readonly kind: string;
  /** A value for each of the kind's attributes. */
  readonly attributes: Readonly<Partial<Record<Pattern, string>>>;
  readonly background: Background;
  /** Seed (32 bits) of everything that no caption mentions: size, shift, tilt, light, clutter, grain. */
  readonly nuisance: number;
}

/** Seeds of the sets that must share no scene: 2^30 each. */
const SPLITS = { train: 0, validation: 1, development: 2, test: 3 } as const;
export type Split = keyof typeof SPLITS;

export function seedOf(split: Split, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 30) throw new Error(`internal: a split has the scenes 0 to 2^30 - 1, not ${index}`);
  return SPLITS[split] * 2 ** 30 + index;
}

/** The scene of a seed (32 bits): kind, background and values are each uniform. */
export function sceneOf(seed: number): Scene {
  const random = new Random(seed);
  return drawn(random, random.pick(KINDS).name);
}

/** A scene of a given kind. */
export function sceneOfKind(name: string, seed: number): Scene {
  return drawn(new Random(seed, 1), name);
}

/** The same scene with another value for one attribute: nothing else about the picture changes. */
export function withValue(scene: Scene, pattern: Pattern, value: string): Scene {
  return { ...scene, attributes: { ...scene.attributes, [pattern]: value } };
}

/** How many things of its kind the scene shows. */
export function countOf(scene: Scene): number {
  const index = (NUMBERS as readonly string[]).indexOf(scene.attributes.Quantity ?? '');
  return index < 0 ? 1 : index + 1;
}

export function drawn(random: Random, name: string): Scene {
  const values = Object.entries(kindOf(name).attributes).map(([pattern, choices]) => [pattern, random.pick(choices)] as const);
  return { kind: name, attributes: Object.fromEntries(values), background: random.pick(Object.keys(BACKGROUNDS) as Background[]), nuisance: random.bits() };
}
