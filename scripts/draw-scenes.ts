// Contact sheets of the procedural scenes: `npx tsx scripts/draw-scenes.ts [folder]` rewrites docs/scenes.
import { mkdirSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { captionOf, questionsOf, statementOf } from '../src/data/scenes/caption';
import { drawScene, PICTURE_SIZE } from '../src/data/scenes/draw';
import { PATTERNS, type Pattern } from '../src/data/scenes/kind';
import { KINDS } from '../src/data/scenes/kinds';
import { pairOf } from '../src/data/scenes/pairs';
import { sceneOfKind, seedOf, withValue, type Scene } from '../src/data/scenes/scene';

const FOLDER = process.argv[2] ?? 'docs/scenes';
const GAP = 2;
const CELL = PICTURE_SIZE + GAP;

interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** Type size in pixels; 9 unless said. */
  readonly size?: number;
}

/** A sheet of scenes at given places, with labels in small type. */
async function sheet(name: string, width: number, height: number, cells: readonly { x: number; y: number; scene: Scene }[], labels: readonly Label[]): Promise<void> {
  const data = new Uint8Array(width * height * 3).fill(255);
  for (const { x, y, scene } of cells) {
    const picture = drawScene(scene);
    for (let row = 0; row < PICTURE_SIZE; row++) data.set(picture.data.subarray(row * PICTURE_SIZE * 3, (row + 1) * PICTURE_SIZE * 3), ((y + row) * width + x) * 3);
  }
  const text = labels.map((label) => `<text x="${label.x}" y="${label.y}" font-size="${label.size ?? 9}">${label.text}</text>`).join('');
  const overlay = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g font-family="DejaVu Sans, sans-serif" fill="#222">${text}</g></svg>`);
  await sharp(data, { raw: { width, height, channels: 3 } }).composite([{ input: overlay }]).png({ palette: true, quality: 40, dither: 0, effort: 10 }).toFile(`${FOLDER}/${name}.png`);
}

/** A row a kind: each value of each of its attributes, the rest drawn by chance. */
async function kindsSheet(): Promise<void> {
  const line = CELL + 18;
  const left = 54;
  const examples = KINDS.flatMap((kind, row) => own(kind).map(([pattern, value], i) => ({ x: left + i * CELL, y: row * line, value, scene: withValue(closeUp(sceneOfKind(kind.name, 1000 * row + i)), pattern, value) })));
  const labels = [
    ...KINDS.map((kind, row) => ({ x: 2, y: row * line + 36, text: kind.name })),
    ...examples.flatMap(({ x, y, value }) => wrapped(value).map((text, i) => ({ x, y: y + PICTURE_SIZE + 7 + 7 * i, text, size: 7 }))),
  ];
  await sheet('kinds', left + Math.max(...KINDS.map((kind) => own(kind).length)) * CELL, KINDS.length * line, examples, labels);
}

/** Words in two lines of about the same length, if they are too many for one. */
function wrapped(words: string): string[] {
  if (words.length < 17) return [words];
  const breaks = [...words.matchAll(/ /g)].map(({ index }) => index).sort((a, b) => Math.abs(a - words.length / 2) - Math.abs(b - words.length / 2));
  return [words.slice(0, breaks[0]), words.slice(breaks[0]! + 1)];
}

/** Every value but colours and places, which look alike for all kinds. */
function own(kind: (typeof KINDS)[number]): [Pattern, string][] {
  return PATTERNS.filter((pattern) => pattern !== 'Color' && !(pattern === 'Spatial' && kind.attributes.Spatial.includes('on the left')))
    .flatMap((pattern) => (kind.attributes[pattern] ?? []).map((value): [Pattern, string] => [pattern, value]));
}

function closeUp(scene: Scene): Scene {
  return scene.attributes['Camera Perspective'] === 'seen from far away' ? withValue(scene, 'Camera Perspective', 'seen from close up') : scene;
}

/** Six pairs a pattern, each over its statements. */
async function pairsSheet(name: string, patterns: readonly Pattern[]): Promise<void> {
  const across = 3;
  const down = 2;
  const block = 2 * CELL + 10;
  const line = CELL + 26;
  const pairs = patterns.flatMap((pattern, p) => Array.from({ length: across * down }, (_, i) => ({ pair: pairOf(pattern, seedOf('train', 50 + i)), x: (i % across) * (block + 28), y: 16 + p * (down * line + 18) + Math.floor(i / across) * line })));
  const cells = pairs.flatMap(({ pair, x, y }) => pair.scenes.map((scene, i) => ({ x: x + i * CELL, y, scene })));
  const labels = [
    ...patterns.map((pattern, p) => ({ x: 0, y: 11 + p * (down * line + 18), text: pattern.toUpperCase() })),
    ...pairs.flatMap(({ pair, x, y }) => pair.scenes.map((scene, i) => ({ x, y: y + PICTURE_SIZE + 9 + 10 * i, text: statementOf(scene, pair.pattern) }))),
  ];
  await sheet(name, across * (block + 28), patterns.length * (down * line + 18), cells, labels);
}

/** One picture a kind with its captions at the three levels, and what is asked of it. */
function captionsPage(): string {
  const rows = KINDS.map((kind, i) => sceneOfKind(kind.name, seedOf('train', i))).map((scene) => {
    const levels = (['coarse', 'partial', 'rich'] as const).map((level) => captionOf(scene, level));
    const questions = questionsOf(scene).slice(0, 2).map(({ question, answer }) => `${question} ${answer}`);
    return `| ${[scene.kind, ...levels, questions.join(', ')].join(' | ')} |`;
  });
  return ['| kind | coarse | partial | rich | asked |', '|---|---|---|---|---|', ...rows].join('\n');
}

mkdirSync(FOLDER, { recursive: true });
await kindsSheet();
await pairsSheet('pairs-1', PATTERNS.slice(0, 3));
await pairsSheet('pairs-2', PATTERNS.slice(3, 6));
await pairsSheet('pairs-3', PATTERNS.slice(6));
writeFileSync(`${FOLDER}/captions.md`, `${captionsPage()}\n`);
