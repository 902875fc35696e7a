import { NUMBERS, PATTERNS, type Pattern } from './kind';
import { kindOf } from './kinds';
import { hash, Random } from './random';
import { BACKGROUNDS, countOf, type Scene } from './scene';

/** What MMVP's score puts before a statement, and every caption here begins with. */
export const PROMPT = 'a photo of ';

/**
 * How much a caption says. coarse: the kind, half of the time the background (what captions on the web say). partial: the same, and one attribute
 * in three captions of ten. rich: everything.
 */
export type Level = 'coarse' | 'partial' | 'rich';

const PARTIAL_SHARE = 0.3;

/** A caption of a level. `draw` chooses among a level's captions of the same scene. */
export function captionOf(scene: Scene, level: Level, draw = 0): string {
  if (level === 'rich') return describe(scene, PATTERNS, true);
  const random = new Random(hash(scene.nuisance) + draw, 6);
  const background = random.chance(0.5);
  const spoken = random.chance(PARTIAL_SHARE);
  const pattern = random.pick(patternsOf(scene));
  return describe(scene, level === 'partial' && spoken ? [pattern] : [], background);
}

/** A caption that mentions just these attributes of the scene: "a photo of two lit red candles on the left in the snow". */
export function describe(scene: Scene, mentioned: readonly Pattern[], background: boolean): string {
  const kind = kindOf(scene.kind);
  const said = PATTERNS.filter((pattern) => mentioned.includes(pattern) && pattern !== 'Color' && pattern !== 'Spatial').concat(mentioned.includes('Spatial') ? ['Spatial'] : []);
  const values = said.map((pattern) => scene.attributes[pattern]).filter((value) => value !== undefined);
  const number = values.find(isNumber);
  const adjectives = values.filter((value) => isAdjective(value)).concat(mentioned.includes('Color') ? [scene.attributes.Color!] : []);
  const noun = countOf(scene) > 1 ? kind.plural : kind.name;
  const things = [...adjectives, noun].join(' ');
  const phrases = values.filter((value) => value.includes(' ')).concat(background ? [BACKGROUNDS[scene.background]] : []);
  return PROMPT + [number ? `${number} ${things}` : countOf(scene) > 1 ? things : withArticle(things), ...phrases].join(' ');
}

/** A caption without the prompt that says of a scene just its value for a pattern: MMVP's Statement. */
export function statementOf(scene: Scene, pattern: Pattern): string {
  return describe(scene, [pattern], false).slice(PROMPT.length);
}

export interface Question {
  readonly question: string;
  readonly answer: 'yes' | 'no';
}

/** Whether a scene has a value, as a yes/no question: "does the fish have stripes?", "are there three ducks?" */
export function questionOf(scene: Scene, pattern: Pattern, value: string): Question {
  return { question: ask(scene, value), answer: scene.attributes[pattern] === value ? 'yes' : 'no' };
}

/** Two questions about each attribute of a scene: one to be answered yes, one no. */
export function questionsOf(scene: Scene): Question[] {
  const random = new Random(scene.nuisance, 7);
  return patternsOf(scene).flatMap((pattern) => {
    const value = scene.attributes[pattern]!;
    const other = random.pick(kindOf(scene.kind).attributes[pattern]!.filter((choice) => choice !== value));
    return [questionOf(scene, pattern, value), questionOf(scene, pattern, other)];
  });
}

/** The patterns that a scene has an attribute of, in the benchmark's order. */
export function patternsOf(scene: Scene): Pattern[] {
  return PATTERNS.filter((pattern) => scene.attributes[pattern] !== undefined);
}

function ask(scene: Scene, value: string): string {
  const kind = kindOf(scene.kind);
  if (isNumber(value)) return value === 'one' ? `is there one ${kind.name}?` : `are there ${value} ${kind.plural}?`;
  const many = countOf(scene) > 1;
  const [is, does, things] = many ? ['are', 'do', kind.plural] : ['is', 'does', kind.name];
  const [, head, rest] = /^(with|without|that says) (.+)$/.exec(value) ?? [];
  if (head === 'with') return `${does} the ${things} have ${rest}?`;
  if (head === 'without') return `${does} the ${things} have no ${rest!.replace(/^an? /, '')}?`;
  if (head) return `${does} the ${things} say ${rest}?`;
  return `${is} the ${things} ${value}?`;
}

function isNumber(value: string): boolean {
  return (NUMBERS as readonly string[]).includes(value);
}

function isAdjective(value: string): boolean {
  return !isNumber(value) && !value.includes(' ');
}

function withArticle(words: string): string {
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}
