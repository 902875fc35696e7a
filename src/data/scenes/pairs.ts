import { DISTANCES, PATTERNS, type Pattern } from './kind';
import { KINDS, kindOf } from './kinds';
import { Random } from './random';
import { drawn, withValue, type Scene } from './scene';

/** Two scenes that differ in exactly one attribute, made from a seed. */
export interface ScenePair {
  readonly pattern: Pattern;
  readonly seed: number;
  readonly scenes: readonly [Scene, Scene];
}

/** The pair of a pattern and a seed (32 bits): same kind, same background, same nuisance, another value of the pattern's attribute. */
export function pairOf(pattern: Pattern, seed: number): ScenePair {
  const random = new Random(seed, 16 + PATTERNS.indexOf(pattern));
  const kind = random.pick(KINDS.filter((candidate) => candidate.attributes[pattern] !== undefined));
  const first = wellSeen(drawn(random, kind.name), pattern);
  const others = kindOf(kind.name).attributes[pattern]!.filter((value) => value !== first.attributes[pattern]);
  return { pattern, seed, scenes: [first, withValue(first, pattern, random.pick(others))] };
}

/** The pairs of `count` seeds that follow one another. */
export function candidates(pattern: Pattern, count: number, seed: number): ScenePair[] {
  return Array.from({ length: count }, (_, i) => pairOf(pattern, seed + i));
}

/** A thing far away is too small to show what it is like, one close up has no room to be elsewhere: what a pair differs in decides which it is. */
function wellSeen(scene: Scene, pattern: Pattern): Scene {
  const distance = scene.attributes['Camera Perspective'];
  if (pattern === 'Camera Perspective' || !(DISTANCES as readonly (string | undefined)[]).includes(distance)) return scene;
  return withValue(scene, 'Camera Perspective', DISTANCES[pattern === 'Spatial' ? 1 : 0]);
}
