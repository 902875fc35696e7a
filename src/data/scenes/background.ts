import { brighten, mix, type Colour, type Raster } from './raster';
import type { Random } from './random';
import type { Background } from './scene';

const SKIES: readonly Colour[] = [0x9cc8ec, 0xc6dcec, 0xf0cfae, 0xb7bfd0];
const WALLPAPERS: readonly Colour[] = [0xd9cbb6, 0xb9cdd0, 0xd3bcc4, 0xc3cfae];
const LITTER: readonly Colour[] = [0x8a7a5c, 0x6f8a55, 0xa89a8c, 0x9c6b4a, 0xb9b09a];

type Painter = (raster: Raster, random: Random) => void;

const PAINTERS: Readonly<Record<Background, Painter>> = {
  grass(raster, random) {
    const horizon = outdoors(raster, random, 0x86b765, 0x5f9a52);
    speckle(raster, random, horizon, 34, (x, y, tone) => raster.polygon([x, y, x + 0.9, y, x + 0.7, y - 3], brighten(0x86b765, tone)));
  },
  sand(raster, random) {
    const horizon = outdoors(raster, random, 0xe3cd98, 0x6fa9c9);
    speckle(raster, random, horizon, 26, (x, y, tone) => raster.ellipse(x, y, 1.3, 0.5, brighten(0xe3cd98, tone)));
  },
  snow(raster, random) {
    const horizon = outdoors(raster, random, 0xeaf0f5, 0xc9d6e2);
    speckle(raster, random, horizon, 12, (x, y, tone) => raster.ellipse(x, y, 2.6, 0.7, brighten(0xdde6ee, tone)));
    speckle(raster, random, 0, 16, (x, y) => raster.ellipse(x, y, 0.7, 0.7, 0xffffff));
  },
  wall(raster, random) {
    const brick = brighten(0xb4705a, random.between(0.9, 1.12));
    const size = raster.size;
    const height = size / random.pick([7, 8, 9]);
    raster.rectangle(0, 0, size, size, mix(brick, 0xe0d0c0, 0.3));
    for (let row = 0; row * height < size; row++) {
      const shift = row % 2 === 0 ? 0 : -height;
      for (let x = shift; x < size; x += 2 * height) {
        raster.rectangle(x, row * height, x + 2 * height - 0.9, (row + 1) * height - 0.9, brighten(brick, random.between(0.95, 1.05)));
      }
    }
  },
  floor(raster, random) {
    const size = raster.size;
    const horizon = size * random.between(0.3, 0.55);
    const paper = random.pick(WALLPAPERS);
    raster.rectangle(0, 0, size, horizon, paper);
    if (random.chance(0.5)) for (let x = random.between(0, 6); x < size; x += size / 8) raster.rectangle(x, 0, x + size / 20, horizon, brighten(paper, 1.07));
    const wood = brighten(0xb98a58, random.between(0.88, 1.1));
    raster.rectangle(0, horizon, size, size, wood);
    for (let y = horizon, step = size / 18; y < size; y += step, step *= 1.25) {
      raster.rectangle(0, y, size, y + 0.7, brighten(wood, 0.86));
      const seam = random.between(0, size);
      raster.rectangle(seam, y, seam + 0.7, y + step, brighten(wood, 0.86));
    }
    raster.rectangle(0, horizon - 1.6, size, horizon, 0xf0ebe2);
  },
  night(raster, random) {
    const size = raster.size;
    const sky = random.pick([0x1d2550, 0x24224a, 0x182c48]);
    raster.rectangle(0, 0, size, size, sky);
    const horizon = size * random.between(0.6, 0.82);
    speckle(raster, random, 0, 18, (x, y, tone) => raster.ellipse(x, y * 0.75, 0.55, 0.55, brighten(0xd8dcf0, tone)));
    hill(raster, random, horizon, 0x18203a);
    raster.rectangle(0, horizon, size, size, 0x2a3a3e);
  },
};

/** Paints everything behind the thing. */
export function paintBackground(raster: Raster, background: Background, random: Random): void {
  PAINTERS[background](raster, random);
  if (background !== 'wall') litter(raster, random);
}

/** Sky with a cloud or two, something far off, ground; returns the horizon's y. */
function outdoors(raster: Raster, random: Random, ground: Colour, far: Colour): number {
  const { size } = raster;
  const horizon = size * random.between(0.28, 0.62);
  const sky = random.pick(SKIES);
  const bands = 6;
  for (let band = 0; band < bands; band++) raster.rectangle(0, (horizon * band) / bands, size, (horizon * (band + 1)) / bands + 1, mix(sky, 0xffffff, (0.4 * band) / bands));
  for (let clouds = random.below(3); clouds > 0; clouds--) cloud(raster, random.between(0, size), horizon * random.between(0.15, 0.6), size * random.between(0.05, 0.09));
  if (random.chance(0.6)) hill(raster, random, horizon, far);
  raster.rectangle(0, horizon, size, size, brighten(ground, random.between(0.94, 1.04)));
  raster.rectangle(0, size * 0.5 + horizon * 0.5, size, size, brighten(ground, 0.97));
  return horizon;
}

function cloud(raster: Raster, x: number, y: number, radius: number): void {
  for (const [shift, share] of [[-1.1, 0.7], [0, 1], [1.1, 0.75]] as const) raster.ellipse(x + shift * radius, y, radius * share * 1.2, radius * share * 0.75, 0xf4f6f8);
}

function hill(raster: Raster, random: Random, horizon: number, colour: Colour): void {
  const { size } = raster;
  for (let hills = 2; hills > 0; hills--) raster.ellipse(random.between(0, size), horizon, size * random.between(0.25, 0.5), size * random.between(0.06, 0.14), brighten(colour, random.between(0.92, 1.08)));
}

function speckle(raster: Raster, random: Random, top: number, count: number, mark: (x: number, y: number, tone: number) => void): void {
  for (let i = 0; i < count; i++) mark(random.between(0, raster.size), random.between(top, raster.size), random.between(0.9, 1.07));
}

/** Pebbles and leaves: too small and too dull to be taken for a thing. */
function litter(raster: Raster, random: Random): void {
  const { size } = raster;
  for (let count = random.below(7); count > 0; count--) {
    const radius = size * random.between(0.009, 0.022);
    raster.ellipse(random.between(0, size), size * random.between(0.6, 1), radius * 1.3, radius, random.pick(LITTER));
  }
}
