// Draws the bundled picture set: shapes on a ground, no two alike, from a seed. `node scripts/draw-pictures.mjs` rewrites public/pictures.
import { mkdirSync } from 'node:fs';
import sharp from 'sharp';

const COUNT = 48;
const SIZE = 96;
let state = 20407;

/** Mulberry32: uniform in [0, 1). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const between = (low, high) => low + (high - low) * random();
const colour = (light) => `hsl(${between(0, 360)} ${between(35, 90)}% ${light}%)`;

const SHAPES = [
  (x, y, r) => `<circle cx="${x}" cy="${y}" r="${r}"/>`,
  (x, y, r) => `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${1.5 * r}"/>`,
  (x, y, r) => `<path d="M${x} ${y - r} l${r} ${1.8 * r} h${-2 * r}z"/>`,
  (x, y, r) => `<path d="M${x - r} ${y} h${1.4 * r} v${-0.4 * r} l${0.8 * r} ${0.7 * r} l${-0.8 * r} ${0.7 * r} v${-0.4 * r} h${-1.4 * r}z"/>`,
];

function scene() {
  const horizon = between(40, 80);
  const things = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
    const shape = SHAPES[Math.floor(random() * SHAPES.length)];
    const [x, y, r] = [between(18, SIZE - 18), between(18, SIZE - 18), between(7, 20)];
    return `<g fill="${colour(between(30, 65))}" transform="rotate(${between(0, 360)} ${x} ${y})">${shape(x, y, r)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}"><rect width="100%" height="100%" fill="${colour(85)}"/>`
    + `<rect y="${horizon}" width="100%" height="100%" fill="${colour(70)}"/>${things.join('')}</svg>`;
}

mkdirSync('public/pictures', { recursive: true });
for (let i = 0; i < COUNT; i++) {
  await sharp(Buffer.from(scene())).jpeg({ quality: 88 }).toFile(`public/pictures/${String(i + 1).padStart(3, '0')}.jpg`);
}
