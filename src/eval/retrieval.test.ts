import { describe, expect, it } from 'vitest';
import type { Picture } from '../data/pictures';
import { encodePng } from '../data/scenes/png';
import { treeOf } from '../testing/picture-files';
import { readCaptions } from './captions';
import type { ClipReader } from './embed';
import { nanoRetrievalSets } from './nano/retrieval-sets';
import { rankRetrieval, reportRetrieval, type RetrievalSet } from './retrieval';

const png = encodePng({ width: 1, height: 1, data: new Uint8Array(3) });
const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));
const decode = async (): Promise<Picture> => ({ width: 1, height: 1, data: new Uint8Array(3) });

/** A picture's level and a text's number are directions in hundredths of a radian. */
const reader: ClipReader = {
  processor: { resize: undefined, filter: 'bicubic', crop: { width: 1, height: 1 }, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  encoder: {
    images: async (pixels) => pixels.map(({ data }) => unit(Number(data[0]) / 100)),
    texts: async (texts) => texts.map((text) => unit(Number(text) / 100)),
  },
};

const set = (levels: readonly number[], captions: readonly (readonly [text: number, picture: number])[]): RetrievalSet => ({
  name: 'numbers', nature: 'levels', captions: captions.map(([text, picture]) => ({ text: String(text), picture })),
  pictures: levels.map((level, i) => ({ name: `p${i}`, load: async () => ({ width: 1, height: 1, data: new Uint8Array(3).fill(level) }) })),
});

describe('retrieval', () => {
  it('takes the best of a picture\'s captions, and each caption by itself', async () => {
    // Captions by distance: from picture 10: 12 (own), 0 (own), 21, 30; from 20: 21, 12, 30 (own), 0; from 60: 30, 21 (own), 12, 0.
    const ranks = await rankRetrieval(set([10, 20, 60], [[0, 0], [12, 0], [30, 1], [21, 2]]), reader);
    expect(ranks).toEqual({ image_to_text: [0, 2, 1], text_to_image: [0, 0, 0, 2] });
  });

  it('gives ties to those that are listed first', async () => {
    expect(await rankRetrieval(set([10, 10], [[5, 0], [5, 1]]), reader)).toEqual({ image_to_text: [0, 1], text_to_image: [0, 1] });
  });

  it('reports recalls both ways, and compares', () => {
    const sets = [set([1, 2, 3], [[1, 0], [2, 1], [3, 2]])];
    const report = reportRetrieval(sets, [{ image_to_text: [0, 4, 9], text_to_image: [0, 0, 12] }], [{ image_to_text: [1, 1, 1], text_to_image: [0, 1, 0] }]);
    expect(report).toMatchObject({ mean_r1_percent: 50, baseline_mean_r1_percent: 33.333333, difference: 16.666667 });
    expect(report.sets[0]).toMatchObject({
      pictures: 3, captions: 3,
      image_to_text: { r1: { right: 1, of: 3 }, r5: { right: 2 }, r10: { right: 3 } }, text_to_image: { r1: { right: 2 }, r5: { right: 2 }, r10: { right: 2 } },
      mcnemar: { image_to_text: { wrong_to_right: 1, right_to_wrong: 0 }, text_to_image: { wrong_to_right: 1, right_to_wrong: 1 } },
      difference: { image_to_text: { r5: -33.333333 } },
    });
  });

  it('has two generated sets of distinct captions', () => {
    const [rich, coarse] = nanoRetrievalSets();
    expect([rich, coarse].map((one) => new Set(one!.captions.map(({ text }) => text)).size)).toEqual([250, 150]);
    expect(rich!.captions[0]!.text).toMatchInlineSnapshot(`"a photo of two bitten purple apples at the top on grass"`);
    expect(coarse!.captions[0]!.text).toMatchInlineSnapshot(`"a photo of a cat by a brick wall"`);
  });
});

/** A tar file of some files, as webdataset's shards are. */
function tarOf(files: Record<string, Uint8Array | string>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, contents]) => {
    const body = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
    const header = new Uint8Array(512);
    const put = (at: number, text: string): void => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(124, `${body.length.toString(8).padStart(11, '0')}\0`);
    put(148, ' '.repeat(8));
    put(156, '0');
    put(257, 'ustar\0');
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `);
    const padded = new Uint8Array(Math.ceil(body.length / 512) * 512);
    padded.set(body);
    return [header, padded];
  });
  return Uint8Array.from([...blocks, new Uint8Array(1024)].flatMap((block) => [...block]));
}

const read = (files: Record<string, Uint8Array | string>): Promise<RetrievalSet> => readCaptions(treeOf(files), decode);
const facts = ({ captions, pictures }: RetrievalSet): unknown => captions.map(({ text, picture }) => [text, pictures[picture]!.name]);

describe('captions', () => {
  const two = { 'a/1.png': png, 'a/2.png': png };
  const want = [['One', 'a/1.png'], ['Two, or 2', 'a/2.png'], ['Uno', 'a/1.png']];

  it.each<[string, Record<string, Uint8Array | string>, unknown]>([
    ['csv', { ...two, 'captions.csv': 'file,caption\na/1.png,One\na/2.png,"Two, or 2"\n./a/1.png,Uno\n' }, want],
    ['csv beside its pictures', { ...two, 'a/t.csv': 'id;text;file_name\n1;One;1.png\n2;"Two, or 2";2.png\n3;Uno;1.png' }, want],
    ['jsonl', { ...two, 'metadata.jsonl': '{"file_name": "a/1.png", "text": "One"}\n{"file_name": "a/2.png", "text": "Two, or 2"}\n\n{"file_name": "a/1.png", "text": ["Uno"]}\n' }, want],
    ['pairs', { 'x/1.png': png, 'x/1.txt': 'One\nUno\n', 'x/2.b.png': png, 'x/2.txt': 'Two\n', 'readme.txt': 'x' }, [['One', 'x/1.png'], ['Uno', 'x/1.png'], ['Two', 'x/2.b.png']]],
    ['shards', { '0.tar': tarOf({ '1.png': png, '1.txt': 'One' }), '1.tar': tarOf({ '1.txt': 'Two', '1.png': png, '1.json': '{}' }) }, [['One', '0.tar/1.png'], ['Two', '1.tar/1.png']]],
  ])('in %s', async (_, files, expected) => {
    expect(facts(await read(files))).toEqual(expected);
  });

  it.each<[string, Record<string, Uint8Array | string>, RegExp]>([
    ['an empty csv', { ...two, 'c.csv': '' }, /empty.*c\.csv.*file,caption/],
    ['a csv of a header', { ...two, 'c.csv': 'file,caption\n' }, /no rows.*c\.csv, line 1/],
    ['a csv without captions', { ...two, 'c.csv': 'file,score\na/1.png,3\n' }, /no column "caption" among "file", "score".*c\.csv, line 1.*file,caption/],
    ['an unquoted separator', { ...two, 'c.csv': 'file,caption\na/1.png,One, two\n' }, /3 fields.*line 2.*Quote/],
    ['an empty caption', { ...two, 'c.csv': 'file,caption\na/1.png,One\na/2.png, \n' }, /caption of a\/2\.png is empty.*c\.csv, line 3/],
    ['a caption without picture', { ...two, 'c.csv': 'file,caption\na/1.png,One\na/3.png,Three\n' }, /a\/3\.png of the caption "Three" is missing.*c\.csv, line 3/],
    ['a picture without caption', { ...two, 'c.csv': 'file,caption\na/1.png,One\n' }, /A picture has no caption: a\/2\.png.*c\.csv/],
    ['jsonl without text', { ...two, 'm.jsonl': '{"file_name": "a/1.png"}' }, /text is missing.*m\.jsonl, line 1/],
    ['no jsonl', { ...two, 'm.jsonl': '{"file_name"' }, /not valid JSON.*m\.jsonl, line 1/],
    ['two tables', { ...two, 'm.jsonl': '', 'c.csv': '' }, /several tables: m\.jsonl, c\.csv/],
    ['a text without picture', { 'x/1.png': png, 'x/1.txt': 'One', 'x/2.txt': 'Two' }, /x\/2\.txt has no picture/],
    ['a picture without text', { 'x/1.png': png, 'x/1.txt': 'One', 'x/2.png': png }, /no caption: x\/2\.png/],
    ['no pictures', { 'x.bin': 'x' }, /no pictures with captions/],
    ['no picture behind the name', { 'a.png': 'text', 'c.csv': 'file,caption\na.png,One' }, /not a picture.*a\.png/],
  ])('refuse %s', async (_, files, message) => {
    await expect(read(files)).rejects.toThrow(message);
  });
});
