import sharp from 'sharp';
import { expect, test } from 'vitest';
import { loadMmvp } from '../../eval/mmvp';
import { statementOf } from './caption';
import { drawScene, maskOf } from './draw';
import { PATTERNS } from './kind';
import { PAIRS_PER_PATTERN, mmvpFiles } from './mmvp';
import { candidates } from './pairs';
import { encodePng, pngSize } from './png';
import { sceneOf, seedOf } from './scene';

const pairs = PATTERNS.flatMap((pattern) => candidates(pattern, PAIRS_PER_PATTERN, seedOf('test', 0)));

test('writes the layout of MMVP-VLM, whatever the order of the types', async () => {
  const files = mmvpFiles([...pairs].reverse());
  const table = new TextDecoder().decode(await files[0]!.read());
  const rows = table.trimEnd().split('\n').map((row) => row.split(','));
  expect(files[0]!.path).toBe('Questions.csv');
  expect(rows[0]).toEqual(['Question ID', 'Type', 'Statement']);
  expect(rows.slice(1).map(([id]) => Number(id))).toEqual(Array.from({ length: 270 }, (_, i) => i + 1));
  expect(rows.slice(1).map(([, type]) => type)).toEqual(PATTERNS.flatMap((pattern) => new Array<string>(30).fill(pattern)));
  expect(files.slice(1).map(({ path }) => path)).toEqual(rows.slice(1).map(([id, type]) => `MLLM_VLM Images/${type}/${id}.png`));
  for (let id = 1; id <= 270; id += 2) expect(rows[id]![2]).not.toBe(rows[id + 1]![2]);
});

test('is read by the evaluation without a warning', async () => {
  const files = mmvpFiles(pairs);
  const read = await loadMmvp({ name: 'nano', files });
  expect(read.warnings).toEqual([]);
  expect(read.pairs.map(({ pattern, statements }) => [pattern, ...statements])).toEqual(pairs.map(({ pattern, scenes }) => [pattern, ...scenes.map((scene) => statementOf(scene, pattern))]));
});

test('puts each pair of its type in the given order, the first scene first', async () => {
  const files = mmvpFiles(pairs);
  const { data } = await sharp(await files.find(({ path }) => path.endsWith('/62.png'))!.read()).raw().toBuffer({ resolveWithObject: true });
  expect(data.equals(drawScene(pairs[30]!.scenes[1]).data)).toBe(true);
});

test('refuses lists with too few or too many pairs of a type', () => {
  expect(() => mmvpFiles(pairs.slice(1))).toThrow('MMVP needs 15 pairs of the type Orientation, not 14');
  expect(() => mmvpFiles([...pairs, pairs[20]!])).toThrow('not 16');
  expect(mmvpFiles(pairs.filter((_, i) => i % 15 < 2), 2)).toHaveLength(37);
});

test('encodes pictures and masks without loss', async () => {
  const picture = drawScene(sceneOf(3));
  const decoded = await sharp(encodePng(picture)).raw().toBuffer({ resolveWithObject: true });
  expect(decoded.info).toMatchObject({ width: 64, height: 64, channels: 3 });
  expect(decoded.data.equals(picture.data)).toBe(true);
  for (const edge of [1, 64, 300]) expect(encodePng(drawScene(sceneOf(3), edge))).toHaveLength(pngSize(edge, edge));
  const mask = maskOf(sceneOf(3));
  const grey = await sharp(encodePng(mask)).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  expect(grey.info.channels).toBe(1);
  expect(grey.data.equals(mask.data)).toBe(true);
});
