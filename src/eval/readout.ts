import { PATTERNS, type Pattern } from '../data/scenes/kind';
import { kindOf } from '../data/scenes/kinds';
import { sceneOf, seedOf, type Scene, type Split } from '../data/scenes/scene';
import { fitLogistic } from './logistic';
import { pairedTest, rounded, type PairedTest } from './score';

export interface ReadoutSizes {
  readonly train: number;
  readonly test: number;
  /** Test pictures that count for a pattern at most: its first ones. */
  readonly mostTested: number;
  readonly l2: number;
}

/** Chosen before any tuning, and never by model. The penalty: of 3, 10 and 30 the best on other pictures of `validation` for a half-trained nano-CLIP (79.3, 78.6, 77.2 %). */
export const READOUT: ReadoutSizes = { train: 3200, test: 2000, mostTested: 1000, l2: 3 };

/** What a pattern's probes answered on its test pictures, in the pictures' order. */
export interface PatternAnswers {
  readonly right: readonly boolean[];
  /** Mean over the pictures of 1 / the values that the picture's kind can have. */
  readonly chance: number;
}

export type ReadoutAnswers = Readonly<Record<Pattern, PatternAnswers>>;

/** Percentages, rounded to six decimals. */
export interface ReadoutScore {
  /** Mean of the patterns' percentages, and of their chances. */
  readonly average_percent: number;
  readonly average_chance_percent: number;
  readonly per_pattern: Readonly<Record<Pattern, { readonly right: number; readonly of: number; readonly percent: number; readonly chance_percent: number }>>;
}

/** Two models on the same pictures, in percentage points. */
export interface ReadoutComparison {
  readonly average_points: number;
  readonly per_pattern: Readonly<Record<Pattern, { readonly points: number; readonly mcnemar: PairedTest }>>;
}

/**
 * The attribute read-out: what a linear probe finds of a scene's attributes in an embedding of its picture. The protocol is frozen:
 *
 * - Pictures: the first `train` scenes of the split `validation` to fit, the first `test` of `test` to ask; every pattern takes those whose kind has its
 *   attribute, of the test pictures at most `mostTested`. Scenes draw kind and values evenly and independently, so that the kind tells nothing of the value.
 * - Task: name the value of the pattern's attribute. Kinds with the same values share a probe (one for the six colours of all 25 kinds; one for `facing left`
 *   and `facing right` of cars, cats, ducks and fish); a kind with values of its own has its own. So a probe is only asked what can be true, its chance is 1 / its
 *   values, and a pattern's accuracy is over the pictures of all its probes.
 * - Probe: multinomial logistic regression on standardised features (fitLogistic) with a fixed penalty.
 *
 * @param embed one vector [D] a scene
 */
export async function readAttributes(embed: (scenes: readonly Scene[]) => Promise<readonly Float32Array[]>, sizes: ReadoutSizes = READOUT): Promise<ReadoutAnswers> {
  const [train, test] = [first('validation', sizes.train), first('test', sizes.test)];
  const embeddings = await embed([...train, ...test]);
  const [seen, asked] = [examples(train, embeddings), examples(test, embeddings.slice(train.length))];
  const answers = PATTERNS.map((pattern) => [pattern, patternAnswers(pattern, seen, asked, sizes)] as const);
  return Object.fromEntries(answers) as Record<Pattern, PatternAnswers>;
}

export function readoutScore(answers: ReadoutAnswers): ReadoutScore {
  const entries = PATTERNS.map((pattern) => {
    const { right, chance } = answers[pattern];
    const hits = right.filter(Boolean).length;
    return [pattern, { right: hits, of: right.length, percent: rounded((100 * hits) / right.length), chance_percent: rounded(100 * chance) }] as const;
  });
  return {
    average_percent: rounded(mean(PATTERNS.map((pattern) => 100 * accuracy(answers[pattern])))),
    average_chance_percent: rounded(mean(PATTERNS.map((pattern) => 100 * answers[pattern].chance))),
    per_pattern: Object.fromEntries(entries) as ReadoutScore['per_pattern'],
  };
}

export function compareReadouts(before: ReadoutAnswers, after: ReadoutAnswers): ReadoutComparison {
  const gain = (pattern: Pattern): number => 100 * (accuracy(after[pattern]) - accuracy(before[pattern]));
  const entries = PATTERNS.map((pattern) => [pattern, { points: rounded(gain(pattern)), mcnemar: pairedTest(before[pattern].right, after[pattern].right) }] as const);
  return { average_points: rounded(mean(PATTERNS.map(gain))), per_pattern: Object.fromEntries(entries) as ReadoutComparison['per_pattern'] };
}

interface Example {
  readonly scene: Scene;
  readonly embedding: Float32Array;
}

function patternAnswers(pattern: Pattern, train: readonly Example[], test: readonly Example[], { mostTested, l2 }: ReadoutSizes): PatternAnswers {
  const tested = test.filter(({ scene }) => scene.attributes[pattern] !== undefined).slice(0, mostTested);
  const probes = new Map<string, (embedding: Float32Array) => string>();
  const right = tested.map(({ scene, embedding }) => {
    const values = valuesOf(scene, pattern);
    const key = values.join();
    if (!probes.has(key)) probes.set(key, fitProbe(pattern, values, train.filter((example) => valuesOf(example.scene, pattern).join() === key), l2));
    return probes.get(key)!(embedding) === scene.attributes[pattern];
  });
  return { right, chance: mean(tested.map(({ scene }) => 1 / valuesOf(scene, pattern).length)) };
}

/** @returns what names the value that an embedding looks like */
function fitProbe(pattern: Pattern, values: readonly string[], train: readonly Example[], l2: number): (embedding: Float32Array) => string {
  const model = fitLogistic(train.map(({ embedding }) => embedding), train.map(({ scene }) => values.indexOf(scene.attributes[pattern]!)), values.length, { l2 });
  return (embedding) => values[model.predict(embedding)]!;
}

/** The values that a scene's kind can have, in an order that all kinds share; none if it has no such attribute. */
function valuesOf({ kind }: Scene, pattern: Pattern): string[] {
  return [...(kindOf(kind).attributes[pattern] ?? [])].sort();
}

function first(split: Split, count: number): Scene[] {
  return Array.from({ length: count }, (_, i) => sceneOf(seedOf(split, i)));
}

function examples(scenes: readonly Scene[], embeddings: readonly Float32Array[]): Example[] {
  return scenes.map((scene, i) => ({ scene, embedding: embeddings[i]! }));
}

function accuracy({ right }: PatternAnswers): number {
  return right.filter(Boolean).length / right.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
