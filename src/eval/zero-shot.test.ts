import { describe, expect, it } from 'vitest';
import type { Picture } from '../data/pictures';
import { encodePng } from '../data/scenes/png';
import { treeOf } from '../testing/picture-files';
import { parseTemplates, readClassFolders, TEMPLATES } from './class-folders';
import type { ClipReader } from './embed';
import { rankAmong, rankClasses, reportZeroShot, type ZeroShotSet } from './zero-shot';

const png = encodePng({ width: 1, height: 1, data: new Uint8Array(3) });
const level = (value: number): Picture => ({ width: 1, height: 1, data: Uint8Array.of(value, value, value) });
const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));

/** Pictures and texts are directions: a picture by its level, a text by its number, both in hundredths of a radian. */
const reader: ClipReader = {
  processor: { resize: undefined, filter: 'bicubic', crop: { width: 1, height: 1 }, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  encoder: {
    images: async (pixels) => pixels.map(({ data }) => unit(Number(data[0]) / 100)),
    texts: async (texts) => texts.map((text) => unit(Number(/\d+/.exec(text)) / 100)),
  },
};

const set = (levels: readonly (readonly [value: number, label: number])[], prompts = [['10'], ['20'], ['30'], ['40'], ['50'], ['60']]): ZeroShotSet => ({
  name: 'numbers', nature: 'levels', classes: prompts.map((own, i) => ({ name: `c${i}`, prompts: own })),
  pictures: levels.map(([value, label], i) => ({ name: `p${i}`, label, load: async () => level(value) })),
});

describe('zero-shot', () => {
  it('counts the classes that come before the true one', async () => {
    const asked = set([[11, 0], [11, 1], [11, 5], [34, 2], [36, 2]]);
    const ranks = await rankClasses(asked, reader);
    expect(ranks).toEqual([0, 1, 5, 0, 1]);
    const report = reportZeroShot([asked], [ranks]);
    expect(report).toMatchObject({ n: 5, mean_top1_percent: 40, sets: [{ name: 'numbers', classes: 6, top1: { right: 2, of: 5, percent: 40 }, top5: { right: 4, of: 5 }, class_mean_percent: 37.5, per_class: { c0: { right: 1, of: 1 }, c2: { right: 1, of: 2 } } }] });
    expect(Object.keys(report.sets[0]!.per_class)).toEqual(['c0', 'c1', 'c2', 'c5']);
  });

  it('gives a tie to the class that is listed first', () => {
    expect(rankAmong([1, 2, 2], 1)).toBe(0);
    expect(rankAmong([1, 2, 2], 2)).toBe(1);
  });

  it('ensembles prompts by their mean direction', async () => {
    expect(await rankClasses(set([[21, 0], [14, 1]], [['0', '40'], ['10']]), reader)).toEqual([0, 0]);
  });

  it('compares with a baseline per picture, and leaves out a top 5 of few classes', () => {
    const few = set([[1, 0], [2, 0], [3, 1]], [['10'], ['20']]);
    const report = reportZeroShot([few, few], [[0, 0, 0], [0, 0, 1]], [[1, 1, 0], [1, 0, 0]]);
    expect(report).toMatchObject({ mean_top1_percent: 83.333333, baseline_mean_top1_percent: 50, difference: 33.333333, mcnemar: { wrong_to_right: 3, right_to_wrong: 1, p_exact_two_sided: 0.625 } });
    expect(report.sets[0]).toMatchObject({ difference: 66.666667, baseline: { top1: { right: 1 } }, mcnemar: { wrong_to_right: 2, right_to_wrong: 0 } });
    expect(report.sets[0]!.top5).toBeUndefined();
  });
});

const decode = async (): Promise<Picture> => level(0);
const folders = (files: Record<string, Uint8Array | string>): ReturnType<typeof readClassFolders> => readClassFolders(treeOf(files), decode);
const animals = { 'fox/1.png': png, 'fox/b/2.png': png, 'red_panda/1.png': png, 'red_panda/2.png': png };

describe('class folders', () => {
  it('name classes and label pictures, however deep they lie', async () => {
    const deeper = Object.fromEntries(Object.entries(animals).map(([path, bytes]) => [`dataset/val/${path}`, bytes]));
    for (const files of [animals, deeper]) {
      const { set: read } = await folders({ ...files, 'README.md': 'Foxes' });
      expect(read.classes.map(({ name }) => name)).toEqual(['fox', 'red panda']);
      expect(read.classes[1]!.prompts).toEqual(TEMPLATES.map((template) => template.replace('{}', 'red panda')));
      expect(read.pictures.map(({ label }) => label)).toEqual([0, 0, 1, 1]);
    }
  });

  it('take other names from a file beside them', async () => {
    const named = async (path: string, text: string): Promise<string[]> => (await folders({ ...animals, [path]: text })).set.classes.map(({ name }) => name);
    expect(await named('classnames.json', '{"fox": "kit fox", "wolf": "wolf"}')).toEqual(['kit fox', 'red panda']);
    expect(await named('classnames.txt', 'red_panda firefox, bear cat\n')).toEqual(['fox', 'firefox, bear cat']);
    await expect(named('classnames.txt', 'fox kit fox\nred_panda')).rejects.toThrow(/classnames\.txt, line 2/);
    await expect(named('classnames.json', '{"fox": 3}')).rejects.toThrow(/classnames\.json/);
    await expect(named('classnames.json', '{"fox": "red panda"}')).rejects.toThrow(/both called "red panda"/);
  });

  it.each<[string, Record<string, Uint8Array | string>, RegExp]>([
    ['no pictures', { 'notes.txt': 'x' }, /no pictures in class folders/],
    ['pictures only', { '1.png': png, '2.png': png }, /All pictures lie in one folder.*red_panda\/1\.jpg/],
    ['one class', { 'fox/1.png': png, 'fox/2.png': png }, /All pictures lie in one folder/],
    ['a picture beside', { ...animals, 'stray.png': png }, /stray\.png lies beside the class folders/],
    ['one picture', { ...animals, 'wolf/1.png': png }, /class folder wolf has one picture only/],
    ['a folder of something else', { ...animals, 'wolf/list.txt': 'x' }, /class folder wolf has no pictures/],
    ['splits', { 'train/fox/1.png': png, 'train/wolf/1.png': png, 'val/fox/1.png': png, 'val/wolf/1.png': png }, /parts of a data set \(train, val\).*data\/val/],
  ])('refuse %s', async (_, files, message) => {
    await expect(folders(files)).rejects.toThrow(message);
  });

  it('refuse an empty folder', async () => {
    const tree = { ...treeOf(animals), skipped: [{ path: 'wolf/', reason: 'it is an empty folder' }] };
    await expect(readClassFolders(tree, decode)).rejects.toThrow(/class folder wolf has no pictures/);
  });
});

describe('templates', () => {
  it('stand one a line', () => {
    expect(parseTemplates('a photo of a {}.\r\n\r\nthe {}\n', 't.txt')).toEqual(['a photo of a {}.', 'the {}']);
    expect(() => parseTemplates('a {}\na photo\n', 't.txt')).toThrow(/"a photo" has no \{\}.*t\.txt, line 2/);
    expect(() => parseTemplates('\n', 't.txt')).toThrow(/no template/);
  });
});
