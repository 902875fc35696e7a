// Contact sheets of the procedural scenes, and of MMVP-nano once it is mined: `npx tsx scripts/draw-scenes.ts [folder [list]]` rewrites docs/scenes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { captionOf, questionsOf, statementOf } from '../src/data/scenes/caption';
import { drawScene, PICTURE_SIZE } from '../src/data/scenes/draw';
import { PATTERNS, type Pattern } from '../src/data/scenes/kind';
import { KINDS } from '../src/data/scenes/kinds';
import { candidates, type ScenePair } from '../src/data/scenes/pairs';
import { sceneOfKind, seedOf, withValue, type Scene } from '../src/data/scenes/scene';
import { sheetPng, type Label } from '../src/data/scenes/sheet-node';
import { parseMined, scenePairs } from '../src/eval/mining';

const [FOLDER = 'docs/scenes', MINED = 'src/data/scenes/mmvp-nano.json'] = process.argv.slice(2);
const GAP = 2;
const CELL = PICTURE_SIZE + GAP;

/** A sheet of scenes at given places, with labels in small type. */
async function sheet(name: string, width: number, height: number, cells: readonly { x: number; y: number; scene: Scene }[], labels: readonly Label[]): Promise<void> {
  const drawn = cells.map(({ x, y, scene }) => ({ x, y, picture: drawScene(scene) }));
  writeFileSync(`${FOLDER}/${name}.png`, await sheetPng({ width, height, cells: drawn, labels }, { palette: true, quality: 40, dither: 0, effort: 10 }));
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

/** Pairs of some patterns, so many in a row, each over its statements. */
async function pairsSheet(name: string, patterns: readonly Pattern[], pairsOf: (pattern: Pattern) => readonly ScenePair[], across: number): Promise<void> {
  const block = 2 * CELL + 38;
  const line = CELL + 26;
  const cells: { x: number; y: number; scene: Scene }[] = [];
  const labels: Label[] = [];
  let top = 0;
  for (const pattern of patterns) {
    const pairs = pairsOf(pattern);
    labels.push({ x: 0, y: top + 11, text: pattern.toUpperCase() });
    pairs.forEach(({ scenes }, i) => {
      const [x, y] = [(i % across) * block, top + 16 + Math.floor(i / across) * line];
      cells.push(...scenes.map((scene, side) => ({ x: x + side * CELL, y, scene })));
      labels.push(...scenes.map((scene, side) => ({ x, y: y + PICTURE_SIZE + 9 + 10 * side, text: statementOf(scene, pattern) })));
    });
    top += Math.ceil(pairs.length / across) * line + 18;
  }
  await sheet(name, across * block, top, cells, labels);
}

/** Three sheets of three patterns each. */
async function pairsSheets(name: string, pairsOf: (pattern: Pattern) => readonly ScenePair[], across: number): Promise<void> {
  for (const third of [0, 1, 2]) await pairsSheet(`${name}-${third + 1}`, PATTERNS.slice(3 * third, 3 * third + 3), pairsOf, across);
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
await pairsSheets('pairs', (pattern) => candidates(pattern, 6, seedOf('train', 50)), 3);
if (existsSync(MINED)) {
  const mined = scenePairs(parseMined(readFileSync(MINED, 'utf8'), MINED));
  await pairsSheets('mmvp-nano', (pattern) => mined.filter((pair) => pair.pattern === pattern), 5);
}
writeFileSync(`${FOLDER}/captions.md`, `${captionsPage()}\n`);
