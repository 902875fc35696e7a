import type { Picture } from '../data/pictures';
import { captionOf, describe, patternsOf } from '../data/scenes/caption';
import { drawScene } from '../data/scenes/draw';
import { PATTERNS, type Pattern } from '../data/scenes/kind';
import { kindOf } from '../data/scenes/kinds';
import { sceneOf, seedOf, withValue, type Scene } from '../data/scenes/scene';
import { tensorFrom, type Tensor } from '../ir/tensor';
import type { Tokenizer } from '../models/tokenizer';
import { RandomStream } from '../train/random';

/** Scenes of the training split for one step, each drawn by seed, step and place. */
export function scenesOf(seed: number, step: number, count: number): Scene[] {
  return Array.from({ length: count }, (_, draw) => sceneOf(seedOf('train', new RandomStream(seed, 'order', { step, draw }).integer(2 ** 30))));
}

/** The first scenes of the validation split. */
export function validationScenes(count: number): Scene[] {
  return Array.from({ length: count }, (_, i) => sceneOf(seedOf('validation', i)));
}

/** float32 [N,3,size,size] in -1..1 */
export function pixelsOf(scenes: readonly Scene[], size: number): Tensor {
  const plane = size * size;
  const data = new Float32Array(scenes.length * 3 * plane);
  scenes.forEach((scene, n) => {
    const picture = drawScene(scene, size).data;
    for (let channel = 0; channel < 3; channel++) {
      const at = (3 * n + channel) * plane;
      for (let i = 0; i < plane; i++) data[at + i] = picture[3 * i + channel]! / 127.5 - 1;
    }
  });
  return { dtype: 'float32', shape: [scenes.length, 3, size, size], data };
}

/** pixelsOf's inverse: levels rounded, what lies beyond them cut off. */
export function picturesFrom({ shape, data }: Tensor): Picture[] {
  const [count, , height, width] = shape as [number, number, number, number];
  const plane = width * height;
  return Array.from({ length: count }, (_, n) => ({ width, height, data: Uint8Array.from({ length: 3 * plane }, (_unused, at) => Math.max(0, Math.min(255, Math.round(((data[(3 * n + (at % 3)) * plane + Math.floor(at / 3)] as number) + 1) * 127.5)))) }));
}

/** int64 [N,T] */
export function idsOf(texts: readonly string[], tokenizer: Tokenizer): Tensor {
  return tensorFrom('int64', [texts.length, tokenizer.length], texts.flatMap((text) => tokenizer.encode(text)));
}

/** What a caption tells of a scene. */
export interface Telling {
  readonly scene: Scene;
  readonly mentioned: readonly Pattern[];
  readonly background: boolean;
}

export function wordsOf({ scene, mentioned, background }: Telling): string {
  return describe(scene, mentioned, background);
}

/** Of ten captions about four tell everything, the others one to three attributes, the background half of the time. */
const TELL_ALL = 0.4;
const MOST_TOLD = 3;

/** A telling of a scene, and the same of one that differs from it in an attribute that is told. */
export function tellingOf(scene: Scene, random: RandomStream): { readonly right: Telling; readonly wrong: Telling } {
  const own = patternsOf(scene);
  const all = random.uniform() < TELL_ALL;
  const order = random.permutation(own.length);
  const some = Array.from(order.subarray(0, 1 + random.integer(Math.min(MOST_TOLD, own.length))), (i) => own[i]!);
  const mentioned = all ? PATTERNS : some;
  const background = all || random.uniform() < 0.5;
  return { right: { scene, mentioned, background }, wrong: { scene: withOther(scene, some[0]!, random), mentioned, background } };
}

/** The scene with another value of one of its attributes. */
export function changed(scene: Scene, random: RandomStream): Scene {
  const own = patternsOf(scene);
  return withOther(scene, own[random.integer(own.length)]!, random);
}

function withOther(scene: Scene, pattern: Pattern, random: RandomStream): Scene {
  const others = kindOf(scene.kind).attributes[pattern]!.filter((value) => value !== scene.attributes[pattern]);
  return withValue(scene, pattern, others[random.integer(others.length)]!);
}

/** What captions on the web tell: the kind, half of the time the background. */
export function coarseTelling(scene: Scene, random: RandomStream): Telling {
  return { scene, mentioned: [], background: random.uniform() < 0.5 };
}

export function richCaption(scene: Scene): string {
  return captionOf(scene, 'rich');
}

/** A telling is true of a scene that the same telling gives the same words. */
export function holds(scene: Scene, telling: Telling): boolean {
  return scene.kind === telling.scene.kind && wordsOf({ ...telling, scene }) === wordsOf(telling);
}
