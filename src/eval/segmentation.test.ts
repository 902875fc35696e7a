import { describe, expect, it } from 'vitest';
import type { Picture } from '../data/pictures';
import type { IndexMap } from '../data/index-png';
import { encodePng } from '../data/scenes/png';
import { treeOf } from '../testing/picture-files';
import { readMaskedFolder } from './masked-folder';
import { nanoSegmentationSet } from './nano/segmentation-set';
import { enlarge, similarityMap, type Patches } from './patches';
import { countPixels, heatMap, labelsOf, patchLabels, segment, type MaskedPicture, type SegmentationReader, type SegmentationSet } from './segmentation';
import { reportSegmentation } from './segmentation-score';

const maskOf = (width: number, data: readonly number[]): IndexMap => ({ width, height: data.length / width, data: Uint8Array.from(data) });
const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));

describe('maps', () => {
  it('are cosines of patches with a text', () => {
    const patches: Patches = { rows: 1, columns: 2, width: 2, data: Float32Array.of(1, 0, 0.6, 0.8) };
    const { width, height, data } = similarityMap(patches, Float32Array.of(0, 1));
    expect([width, height, data[0], data[1]!]).toEqual([2, 1, 0, expect.closeTo(0.8, 6)]);
  });

  it('are enlarged as PyTorch does', () => {
    // torch.nn.functional.interpolate(torch.tensor([[[[0., 1.], [2., 4.]]]]), size=(3, 4), mode='bilinear')
    const { data } = enlarge({ width: 2, height: 2, data: Float32Array.of(0, 1, 2, 4) }, 4, 3);
    expect([...data]).toEqual([0, 0.25, 0.75, 1, 1, 1.375, 2.125, 2.5, 2, 2.5, 3.5, 4]);
    expect([...enlarge({ width: 4, height: 1, data: Float32Array.of(0, 1, 2, 3) }, 2, 1).data]).toEqual([0.5, 2.5]);
  });

  it('give a tie to the first class', () => {
    const flat = (value: number) => ({ width: 1, height: 1, data: Float32Array.of(value) });
    expect([...labelsOf([flat(1), flat(2), flat(2)], 2, 1)]).toEqual([1, 1]);
  });
});

describe('counts', () => {
  it('leave out what is ignored', () => {
    expect(countPixels(Uint8Array.of(0, 1, 1, 2), maskOf(2, [0, 1, 0, 255]), 3)).toEqual({ actual: [2, 1, 0], predicted: [1, 2, 0], both: [1, 1, 0] });
  });

  it('label patches by most of their pixels', () => {
    expect(patchLabels(maskOf(4, [0, 0, 2, 2, 0, 1, 255, 255]), { rows: 1, columns: 2 })).toEqual([0, 2]);
    expect(patchLabels(maskOf(3, [1, 1, 255]), { rows: 1, columns: 2 })).toEqual([1, 255]);
  });

  const set = (pictures: number, probe: boolean): SegmentationSet => ({
    name: 's', nature: 'n', classes: [{ name: 'background', background: true, prompts: ['a'] }, { name: 'x', prompts: ['b'] }, { name: 'y', prompts: ['c'] }], pictures: new Array<MaskedPicture>(pictures), ...(probe && { probe: { fit: [], test: [] } }),
  });

  it('become intersections over unions, summed over pictures', () => {
    const counts = { training_free: [{ actual: [4, 2, 0], predicted: [5, 1, 0], both: [4, 1, 0] }, { actual: [0, 6, 0], predicted: [3, 3, 0], both: [0, 3, 0] }] };
    // background 4 / (4 + 8 - 4), x 4 / (8 + 4 - 4), y is nowhere
    expect(reportSegmentation(set(2, false), counts)).toMatchObject({ training_free: { pictures: 2, miou_percent: 50, miou_without_background_percent: 50, pixel_accuracy_percent: 66.666667, per_class: { background: 50, x: 50 } } });
    const worse = { training_free: [counts.training_free[0]!, { actual: [0, 6, 0], predicted: [6, 0, 0], both: [0, 0, 0] }] };
    expect(reportSegmentation(set(2, false), counts, worse)).toMatchObject({ baseline: { training_free: { per_class: { x: 12.5 } } }, difference: { training_free: { better: 1, worse: 0, p_exact_two_sided: 1 } } });
  });
});

/** Patches of 2 x 2 pixels whose directions are the red of their first pixel, texts those of their number, in hundredths of a radian. */
const reader: SegmentationReader = {
  patches: {
    read: async (pictures) => pictures.map(({ width, height, data }) => {
      const [rows, columns] = [height / 2, width / 2];
      const own = Array.from({ length: rows * columns }, (_, p) => [...unit(data[3 * (2 * Math.floor(p / columns) * width + 2 * (p % columns))]! / 100)]);
      return { rows, columns, width: 2, data: Float32Array.from(own.flat()) };
    }),
  },
  encoder: { texts: async (texts) => texts.map((text) => unit(Number(/\d+/.exec(text)) / 100)) },
};

const masked = (levels: readonly number[], mask: readonly number[]): MaskedPicture => ({
  name: 'p',
  load: async () => ({ picture: { width: 4, height: 2, data: Uint8Array.from(levels.flatMap((level) => [level, level, level])) }, mask: maskOf(4, mask) }),
});

describe('segmentation', () => {
  const two = [masked([0, 0, 100, 100, 0, 0, 100, 100], [0, 0, 1, 1, 0, 0, 1, 255]), masked([140, 140, 20, 20, 140, 140, 20, 20], [1, 1, 0, 0, 1, 1, 0, 0])];
  const set: SegmentationSet = {
    name: 's', nature: 'n', pictures: two, probe: { fit: two, test: two },
    classes: [{ name: 'background', background: true, prompts: ['0', '157'] }, { name: 'thing', prompts: ['90', '110'] }],
  };

  it('by texts takes the best of the background\'s; by a probe what masks say', async () => {
    const done: number[] = [];
    const { training_free: free, probe } = await segment(set, reader, (now, total) => done.push(now / total));
    expect(free).toEqual([{ actual: [4, 3], predicted: [4, 3], both: [4, 3] }, { actual: [4, 4], predicted: [8, 0], both: [4, 0] }]);
    expect(probe).toEqual([{ actual: [4, 3], predicted: [4, 3], both: [4, 3] }, { actual: [4, 4], predicted: [4, 4], both: [4, 4] }]);
    expect(done.at(-1)).toBe(1);
  });

  it('shows where a text is', async () => {
    const { data } = await heatMap(reader, (await two[0]!.load()).picture, '100');
    expect([data[0]!, data[1]!]).toEqual([expect.closeTo(Math.cos(1), 5), expect.closeTo(1, 5)]);
  });

  it('has a generated set', async () => {
    const { classes, pictures, probe } = nanoSegmentationSet({ fit: 2, test: 3 });
    expect([classes.length, pictures.length, probe!.fit.length]).toEqual([26, 3, 2]);
    expect(classes[1]!.prompts).toEqual(['a photo of an apple', 'a photo of apples']);
    const { picture, mask } = await pictures[0]!.load();
    expect([mask.width, Math.max(...mask.data) < 26, picture.width]).toEqual([64, true, 64]);
  });
});

describe('pictures with masks', async () => {
  const decode = async (): Promise<Picture> => ({ width: 2, height: 1, data: new Uint8Array(6) });
  const picture = encodePng({ width: 2, height: 1, data: new Uint8Array(6) });
  const mask = (...data: number[]): Uint8Array => encodePng(maskOf(data.length, data));
  const files = { 'images/a.jpg': picture, 'masks/a.png': await mask(0, 2), 'images/b.png': picture, 'masks/b.png': await mask(1, 255), 'classes.txt': 'background\ntree\ndining_table\n' };
  const read = (more: Record<string, Uint8Array | string | undefined> = {}): Promise<SegmentationSet> =>
    readMaskedFolder(treeOf(Object.fromEntries(Object.entries({ ...files, ...more }).filter((entry): entry is [string, Uint8Array | string] => entry[1] !== undefined))), decode);

  it('are read by name, with a background that no class is', async () => {
    const { classes, pictures } = await read();
    expect(classes.map(({ name, background }) => [name, background])).toEqual([['background', true], ['tree', undefined], ['dining table', undefined]]);
    expect(classes[0]!.prompts).toContain('a photo of grass.');
    expect(classes[0]!.prompts).not.toContain('a photo of tree.');
    expect(classes[2]!.prompts[0]).toBe('a photo of a dining table.');
    expect(pictures.map(({ name }) => name)).toEqual(['a', 'b']);
    expect([...(await pictures[1]!.load()).mask.data]).toEqual([1, 255]);
  });

  it('halve by their names alone', async () => {
    const many = Object.fromEntries((await Promise.all(Array.from({ length: 40 }, async (_, i) => [[`images/${i}.png`, picture], [`masks/${i}.png`, await mask(0, 1)]] as const))).flat());
    const names = (pictures: readonly MaskedPicture[]): string[] => pictures.map(({ name }) => name);
    const all = (await read(many)).probe!;
    expect(all.fit.length).toBeGreaterThan(10);
    expect(all.test.length).toBeGreaterThan(10);
    const fewer = (await read({ ...many, 'images/7.png': undefined, 'masks/7.png': undefined })).probe!;
    expect(names(fewer.fit)).toEqual(names(all.fit).filter((name) => name !== '7'));
  });

  it('take names from classes.json', async () => {
    for (const json of ['["background", "x", "y"]', '{"0": "background", "2": "y", "1": "x"}']) {
      expect((await read({ 'classes.txt': undefined, 'classes.json': json })).classes.map(({ name }) => name)).toEqual(['background', 'x', 'y']);
    }
  });

  it.each<[string, Record<string, Uint8Array | string | undefined>, RegExp]>([
    ['no masks', { 'masks/a.png': undefined, 'masks/b.png': undefined }, /no folder masks/],
    ['a picture without mask', { 'masks/b.png': undefined }, /images\/b\.png has no mask/],
    ['a mask without picture', { 'images/b.png': undefined }, /masks\/b\.png has no picture/],
    ['two pictures of a name', { 'images/a.png': picture }, /images\/a\.jpg and images\/a\.png have the same name/],
    ['a mask of another size', { 'masks/b.png': await mask(0, 1, 1) }, /3 x 1 pixels, its picture 2 x 1.*masks\/b\.png/],
    ['an unknown class', { 'masks/b.png': await mask(0, 3) }, /class 3 where x is 1 and y 0, but only 0 to 2.*masks\/b\.png/],
    ['a mask of colours', { 'masks/b.png': picture }, /colours \(RGB\).*masks\/b\.png/],
    ['a picture that is none', { 'images/b.png': 'text' }, /not a picture.*images\/b\.png/],
    ['no names', { 'classes.txt': undefined }, /names of the classes are missing/],
    ['one name', { 'classes.txt': 'tree' }, /1 classes.*classes\.txt/],
    ['an empty file of names', { 'classes.txt': '' }, /0 classes.*classes\.txt/],
    ['a name twice', { 'classes.txt': 'a\nb\na' }, /indices 0 and 2 are both called "a"/],
    ['an index without name', { 'classes.txt': undefined, 'classes.json': '{"0": "a", "2": "b"}' }, /index 1 has no name.*classes\.json/],
  ])('refuse %s', async (_, more, message) => {
    await expect(read(more)).rejects.toThrow(message);
  });
});
