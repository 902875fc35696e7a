import type { Picture } from '../pictures';
import { paintBackground } from './background';
import { COLOURS, DISTANCES, PLACES } from './kind';
import { kindOf, labelOf } from './kinds';
import { paintOf, Pen } from './pen';
import { brighten, Raster, SAMPLES, type Colour } from './raster';
import { Random } from './random';
import { GROUP_EXTENT, type Group } from './group';
import type { Scene } from './scene';

/** Edge of a scene's picture in pixels, unless another is asked for. */
export const PICTURE_SIZE = 64;

/** Class indices, row-major [height][width]: 0 is the background, a kind's label its index in KINDS plus one. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The streams that a nuisance seed feeds; each is read in the same order whatever the attributes, so that they alone decide a pair's difference. */
const STREAM = { background: 2, frame: 3, thing: 4, light: 5 } as const;

/** Where a thing is and how large, in parts of the picture's edge. */
interface Frame {
  readonly x: number;
  readonly y: number;
  /** Half the thing's extent. */
  readonly half: number;
}

/** Draws a scene as `size` x `size` pixels. Byte-identical on every engine. */
export function drawScene(scene: Scene, size = PICTURE_SIZE): Picture {
  return develop(paint(scene, size), scene.nuisance);
}

/** Which pixels of drawScene's picture show which kind. */
export function maskOf(scene: Scene, size = PICTURE_SIZE): Mask {
  return { width: size, height: size, data: paint(scene, size).labels() };
}

/** Draws several things in one picture, and the mask that tells them apart. */
export function drawGroup(group: Group, size = PICTURE_SIZE): { readonly picture: Picture; readonly mask: Mask } {
  const raster = new Raster(size);
  paintBackground(raster, group.background, new Random(group.nuisance, STREAM.background));
  group.things.forEach(({ scene, x, y }) => paintThing(raster, scene, { x, y, half: GROUP_EXTENT }));
  return { picture: develop(raster, group.nuisance), mask: { width: size, height: size, data: raster.labels() } };
}

function paint(scene: Scene, size: number): Raster {
  const raster = new Raster(size);
  paintBackground(raster, scene.background, new Random(scene.nuisance, STREAM.background));
  paintThing(raster, scene, frameOf(scene));
  return raster;
}

/** A thing and its shadow. */
function paintThing(raster: Raster, scene: Scene, frame: Frame): void {
  const { size } = raster;
  raster.shade(frame.x * size, (frame.y + frame.half * 1.08) * size, frame.half * 0.95 * size, frame.half * 0.17 * size);
  const kind = kindOf(scene.kind);
  const random = new Random(scene.nuisance, STREAM.thing);
  const colour = varied(COLOURS[scene.attributes.Color as keyof typeof COLOURS], random);
  const turns = random.between(-0.018, 0.018);
  const mirrored = random.chance(0.5) && kind.mirrors;
  const pen = Pen.on(raster, labelOf(scene.kind), frame.x * size, frame.y * size, frame.half * size).at({ turns, mirrored });
  kind.draw(pen, scene.attributes as Record<string, string>, paintOf(colour), random, labelOf);
}

function frameOf(scene: Scene): Frame {
  const random = new Random(scene.nuisance, STREAM.frame);
  const half = extentOf(scene) * random.between(0.9, 1.1);
  const jitter = [random.between(-1, 1), random.between(-1, 1)] as const;
  const place = PLACES.indexOf(scene.attributes.Spatial as (typeof PLACES)[number]);
  const away = Math.max(0.1, Math.min(0.26, 0.47 - half));
  const [dx, dy] = place < 0 ? [0, 0] : ([[-away, 0], [away, 0], [0, -away], [0, away]] as const)[place]!;
  return { x: 0.5 + dx + jitter[0] * (dx === 0 ? 0.05 : 0.02), y: 0.5 + dy + jitter[1] * (dy === 0 ? 0.05 : 0.02), half };
}

function extentOf(scene: Scene): number {
  const view = scene.attributes['Camera Perspective'];
  if (view === DISTANCES[0]) return 0.35;
  return view === DISTANCES[1] ? 0.14 : kindOf(scene.kind).extent;
}

/** A colour as it happens to look today: each channel a little up or down. */
function varied(colour: Colour, random: Random): Colour {
  const strength = random.between(0.94, 1.06);
  return [16, 8, 0].reduce((sum, shift) => sum | (brighten((colour >>> shift) & 255, strength * random.between(0.95, 1.05)) << shift), 0);
}

/** Averages the samples, lights the picture from a side and adds grain. */
function develop(raster: Raster, nuisance: number): Picture {
  const { size } = raster;
  const random = new Random(nuisance, STREAM.light);
  const strength = random.between(0.9, 1.08);
  const slope = [random.between(-0.16, 0.16), random.between(-0.16, 0.16)] as const;
  const tint = [random.between(0.95, 1.05), random.between(0.95, 1.05), random.between(0.95, 1.05)] as const;
  const data = new Uint8Array(size * size * 3);
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at += 3) {
      const light = (strength * (1 + slope[0] * (x / size - 0.5) + slope[1] * (y / size - 0.5))) / SAMPLES ** 2;
      const [redBlue, green] = raster.sums(x, y);
      const grain = grainOf(random.bits());
      data[at] = byte((redBlue >>> 16) * light * tint[0] + grain);
      data[at + 1] = byte(green * light * tint[1] + grain);
      data[at + 2] = byte((redBlue & 0xffff) * light * tint[2] + grain);
    }
  }
  return { width: size, height: size, data };
}

/** Roughly normal noise with a standard deviation of about 2 levels: the sum of four uniform bytes, centred and scaled. */
function grainOf(bits: number): number {
  return ((bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24) - 510) / 74;
}

function byte(value: number): number {
  return Math.max(0, Math.min(255, Math.floor(value + 0.5)));
}
