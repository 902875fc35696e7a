import type { Paint, Pen } from './pen';
import type { Random } from './random';

/** The nine patterns of MMVP, in the benchmark's order and by its folders' names. */
export const PATTERNS = ['Orientation', 'Presence', 'State', 'Quantity', 'Spatial', 'Color', 'Structural Character', 'Text', 'Camera Perspective'] as const;
export type Pattern = (typeof PATTERNS)[number];

export const COLOURS = { red: 0xd42d28, orange: 0xf58a1f, yellow: 0xf2d531, green: 0x2b9a42, blue: 0x2f55d4, purple: 0x8a3cb0 } as const;

export const PLACES = ['on the left', 'on the right', 'at the top', 'at the bottom'] as const;
export const DISTANCES = ['seen from close up', 'seen from far away'] as const;
export const NUMBERS = ['one', 'two', 'three', 'four'] as const;

/**
 * A kind's attributes, at most one a pattern. A value *is* its words in a caption: one word stands before the noun (a number, an adjective),
 * several stand after it.
 */
export type Attributes = { readonly [P in Pattern]?: readonly string[] };

/** What a kind is drawn from: its values, its paint, and a stream for chance that no caption mentions. */
export type Look<A extends Attributes> = { readonly [P in keyof A]: A[P] extends readonly (infer V)[] ? V : never } & {
  readonly Color: keyof typeof COLOURS;
  readonly paint: Paint;
  readonly random: Random;
};

export interface Kind {
  readonly name: string;
  readonly plural: string;
  /** With the attributes that every kind has: Color, and Spatial if the kind does not relate to something else. */
  readonly attributes: Attributes & { readonly Color: readonly string[]; readonly Spatial: readonly string[] };
  /** Half the extent of the thing, in parts of the picture's edge, before the nuisance of +-12 %. */
  readonly extent: number;
  /** Whether a mirrored thing is still the same thing (no writing, no direction). */
  readonly mirrors: boolean;
  /** Draws the thing. `labels(name)` gives another kind's class label, for a thing that is part of the scene. */
  draw(pen: Pen, values: Readonly<Record<string, string>>, paint: Paint, random: Random, labels: (name: string) => number): void;
}

interface KindSpec<A extends Attributes> {
  readonly name: string;
  readonly plural?: string;
  readonly attributes: A;
  readonly extent?: number;
  readonly mirrors?: boolean;
  draw(pen: Pen, look: Look<A>, labels: (name: string) => number): void;
}

/** Declares a kind: its own attributes, and how it is drawn from them. */
export function kind<const A extends Attributes>(spec: KindSpec<A>): Kind {
  return {
    name: spec.name,
    plural: spec.plural ?? `${spec.name}s`,
    attributes: { Spatial: PLACES, ...spec.attributes, Color: Object.keys(COLOURS) },
    extent: spec.extent ?? 0.28,
    mirrors: spec.mirrors ?? false,
    draw: (pen, values, paint, random, labels) => spec.draw(pen, { ...values, paint, random } as Look<A>, labels),
  };
}
