import { describe, PROMPT } from '../../data/scenes/caption';
import { drawScene } from '../../data/scenes/draw';
import { COLOURS, NUMBERS, PLACES, type Kind, type Pattern } from '../../data/scenes/kind';
import { KINDS } from '../../data/scenes/kinds';
import { Random } from '../../data/scenes/random';
import { BACKGROUNDS, sceneOfKind, seedOf, type Background, type Scene } from '../../data/scenes/scene';
import type { ZeroShotClass, ZeroShotSet } from '../zero-shot';
import * as corrupt from './corruptions';

/** What is asked about a picture: the classes, and which of them a scene shows. */
interface Task {
  /** Those that have what is asked for; the pictures show one as often as another. */
  readonly kinds: readonly Kind[];
  readonly classes: readonly ZeroShotClass[];
  labelOf(scene: Scene): number;
}

interface NanoSet {
  readonly name: string;
  readonly nature: string;
  readonly task: Task;
  readonly change?: corrupt.Corruption;
}

/** Pictures a set has unless told otherwise: few enough that all 27 cost a minute. */
export const SET_SIZE = 250;
/** The first picture's place in the split `test`, and how far the sets are apart: no two share a scene. */
const FIRST_SEED = 100_000_000;
const SEEDS_A_SET = 100_000;
/** The stream of a scene's seed that corruptions draw from; none of the scenes' own. */
const CORRUPTION_STREAM = 9;

const kinds = kindTask();

const SETS: readonly NanoSet[] = [
  { name: 'kinds', nature: 'things, 25 kinds', task: kinds },
  { name: 'backgrounds', nature: 'places, 6 kinds', task: backgroundTask() },
  { name: 'colours', nature: 'colour of the thing', task: valueTask('Color', Object.keys(COLOURS)) },
  { name: 'counts', nature: 'number of things', task: valueTask('Quantity', NUMBERS) },
  { name: 'positions', nature: 'place of the thing in the picture', task: valueTask('Spatial', PLACES) },
  { name: 'orientations', nature: 'direction of the thing', task: valueTask('Orientation') },
  { name: 'features', nature: 'a part that is there or not', task: valueTask('Presence') },
  { name: 'states', nature: 'state of the thing', task: valueTask('State') },
  { name: 'structures', nature: 'make of the thing', task: valueTask('Structural Character') },
  { name: 'writing', nature: 'written text', task: valueTask('Text') },
  { name: 'viewpoints', nature: 'viewpoint of the camera', task: valueTask('Camera Perspective') },
  { name: 'kinds, noise', nature: 'things under noise', task: kinds, change: corrupt.noisy },
  { name: 'kinds, blur', nature: 'things out of focus', task: kinds, change: corrupt.blurred },
  { name: 'kinds, low contrast', nature: 'things in fog', task: kinds, change: corrupt.lowContrast },
  { name: 'kinds, grey', nature: 'things without colour', task: kinds, change: corrupt.grey },
  { name: 'kinds, inverted', nature: 'negatives', task: kinds, change: corrupt.inverted },
  { name: 'kinds, sketch', nature: 'line drawings', task: kinds, change: corrupt.sketch },
  { name: 'kinds, quantised', nature: 'strong compression as JPEG\'s', task: kinds, change: corrupt.quantised },
  { name: 'kinds, coarse', nature: 'low resolution', task: kinds, change: corrupt.coarse },
  { name: 'kinds, occluded', nature: 'things partly hidden', task: kinds, change: corrupt.occluded },
  { name: 'kinds, rotated', nature: 'a quarter turn', task: kinds, change: corrupt.rotated },
  { name: 'kinds, mirrored', nature: 'left and right exchanged', task: kinds, change: corrupt.mirrored },
  { name: 'kinds, tiled', nature: 'four small copies', task: kinds, change: corrupt.tiled },
  { name: 'kinds, hue shifted', nature: 'wrong colours', task: kinds, change: corrupt.hueShifted },
  { name: 'kinds, dark', nature: 'too little light', task: kinds, change: corrupt.dark },
  { name: 'kinds, bright', nature: 'too much light', task: kinds, change: corrupt.bright },
  { name: 'kinds, posterised', nature: 'four levels a channel', task: kinds, change: corrupt.posterised },
];

/** The 27 generated sets, always the same; `size` pictures each, which share no scene. */
export function nanoZeroShotSets(size = SET_SIZE): ZeroShotSet[] {
  return SETS.map(({ name, nature, task, change }, set) => {
    const pictures = Array.from({ length: size }, (_, i) => {
      const seed = seedOf('test', FIRST_SEED + SEEDS_A_SET * set + i);
      const scene = sceneOfKind(task.kinds[i % task.kinds.length]!.name, seed);
      const load = async () => (change ? change(drawScene(scene), new Random(seed, CORRUPTION_STREAM)) : drawScene(scene));
      return { name: `${name} ${i}`, label: task.labelOf(scene), load };
    });
    return { name, nature, classes: task.classes, pictures };
  });
}

/** Which kind a picture shows. */
function kindTask(): Task {
  return { kinds: KINDS, classes: KINDS.map((kind) => ({ name: kind.name, prompts: kindPrompts(kind) })), labelOf: (scene) => KINDS.findIndex(({ name }) => name === scene.kind) };
}

/** What a kind is called; one that comes in numbers by its plural, too. */
export function kindPrompts(kind: Kind): string[] {
  return [saying(kind, {}), ...(kind.attributes.Quantity?.includes('two') ? [`${PROMPT}${kind.plural}`] : [])];
}

/** Where a picture was taken, said with every kind. */
function backgroundTask(): Task {
  const places = Object.keys(BACKGROUNDS) as Background[];
  const classes = places.map((background) => ({ name: background, prompts: KINDS.map((kind) => saying(kind, {}, background)) }));
  return { kinds: KINDS, classes, labelOf: (scene) => places.indexOf(scene.background) };
}

/**
 * Which value an attribute has. A class is a value, said with every kind that can have it ("a photo of a car facing left", "a photo of a duck facing left", ...).
 * @param only the values that are asked for, and the kinds that have no others; by default all
 */
function valueTask(pattern: Pattern, only?: readonly string[]): Task {
  const having = KINDS.filter(({ attributes }) => attributes[pattern]?.every((value) => !only || only.includes(value)));
  const values = [...new Set(having.flatMap(({ attributes }) => attributes[pattern]!))];
  const classes = values.map((value) => ({
    name: value,
    prompts: having.filter(({ attributes }) => attributes[pattern]!.includes(value)).map((kind) => saying(kind, { [pattern]: value })),
  }));
  return { kinds: having, classes, labelOf: (scene) => values.indexOf(scene.attributes[pattern]!) };
}

function saying(kind: Kind, attributes: Scene['attributes'], background?: Background): string {
  return describe({ kind: kind.name, attributes, background: background ?? 'grass', nuisance: 0 }, Object.keys(attributes) as Pattern[], background !== undefined);
}
