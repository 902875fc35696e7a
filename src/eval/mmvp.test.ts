import { describe, expect, it } from 'vitest';
import type { FileEntry, FileTree } from '../data/files';
import { openPath } from '../data/files-node';
import { loadMmvp, mmvpSimilarities } from './mmvp';
import { hasShared, shared } from '../testing/shared';
import { PATTERNS, scoreMmvp } from './score';

const file = (path: string, text = ''): FileEntry => {
  const bytes = new TextEncoder().encode(text);
  return { path, size: bytes.length, read: async (start, end) => bytes.slice(start, end) };
};
const ids = Array.from({ length: 270 }, (_, i) => i + 1);
const patternOf = (id: number): string => PATTERNS[Math.floor((id - 1) / 30)]!.name;
const table = file('Questions.csv', ['Question ID,Type,Statement', ...ids.map((id) => `${id},${patternOf(id)},Statement ${id}`)].join('\n'));
const pictures = ids.map((id) => file(`MLLM_VLM Images/${patternOf(id)}/${id}.jpg`, String(id)));
const tree = (...files: FileEntry[]): FileTree => ({ name: 'mmvp', files });

describe('MMVP in a tree', () => {
  it('pairs pictures and statements by id', async () => {
    const { pairs, warnings } = await loadMmvp(tree(...[...pictures].reverse(), table));
    expect(warnings).toEqual([]);
    expect(pairs).toHaveLength(135);
    expect(pairs[75]).toMatchObject({ number: 76, pattern: 'Color', statements: ['Statement 151', 'Statement 152'] });
    expect(pairs[75]!.pictures.map(({ path }) => path)).toEqual(['MLLM_VLM Images/Color/151.jpg', 'MLLM_VLM Images/Color/152.jpg']);
  });

  it('takes any folder name and depth, and an image folder', async () => {
    const deeper = [...pictures, table].map((entry) => ({ ...entry, path: `MMVP_VLM-main/${entry.path.replace('MLLM_VLM Images', 'MMVP_VLM_Images')}` }));
    expect((await loadMmvp(tree(...deeper))).pairs).toHaveLength(135);
    const metadata = file('data/metadata.csv', ['file_name,label,text', ...[...ids].reverse().map((id) => `${patternOf(id)}/${id}.jpg,${patternOf(id)},Statement ${id}`)].join('\n'));
    const { pairs } = await loadMmvp(tree(...pictures.map((entry) => ({ ...entry, path: entry.path.replace('MLLM_VLM Images', 'data') })), metadata));
    expect(pairs[0]).toMatchObject({ number: 1, pattern: 'Orientation', statements: ['Statement 1', 'Statement 2'] });
  });

  it('leaves out a pair whose picture is missing, and says so', async () => {
    const { pairs, warnings } = await loadMmvp(tree(table, ...pictures.filter(({ path }) => !path.endsWith('/149.jpg'))));
    expect(pairs).toHaveLength(134);
    expect(pairs[74]!.number).toBe(76);
    expect(warnings).toEqual(['The picture 149.jpg (Spatial) is missing: 134 of 135 pairs count']);
  });

  it('asks for what it lacks', async () => {
    await expect(loadMmvp(tree(...pictures))).rejects.toThrow(/Questions\.csv, with the statements, is missing/);
    await expect(loadMmvp(tree(file('hf-viewer.parquet')))).rejects.toThrow(/no statements: Questions\.csv/);
    await expect(loadMmvp(tree(table))).rejects.toThrow(/no complete pair of pictures of the type Orientation.*MLLM_VLM Images/);
    expect((await loadMmvp(tree(...pictures), table)).pairs).toHaveLength(135);
  });
});

describe('similarities', () => {
  it('are dot products [pair, caption, image] of unit vectors, in the order of the pairs', async () => {
    const mmvp = await loadMmvp(tree(table, ...pictures));
    const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));
    const asked: string[] = [];
    const progress: number[] = [];
    const similarities = await mmvpSimilarities(
      mmvp,
      {
        processor: { resize: undefined, filter: 'bicubic', crop: { width: 1, height: 1 }, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
        encoder: {
          images: async (pixels) => pixels.map(({ data: [high, low] }) => unit((256 * Number(high) + Number(low)) / 100)),
          texts: async (texts) => {
            asked.push(...texts);
            return texts.map((text) => unit(Number(/\d+/.exec(text)) / 100));
          },
        },
      },
      async (entry) => {
        const id = Number(new TextDecoder().decode(await entry.read()));
        return { width: 1, height: 1, data: Uint8Array.of(id >> 8, id & 255, 0) };
      },
      (done) => progress.push(done),
    );
    expect(asked[0]).toBe('a photo of Statement 1');
    expect(similarities[4 * 134 + 1]).toBeCloseTo(Math.cos(0.01), 6);
    expect(scoreMmvp(similarities, mmvp.pairs.map(({ pattern }) => pattern)).pairs_right).toBe(135);
    expect(progress.at(-1)).toBe(135);
  });
});

describe.skipIf(!hasShared)('copies of the dataset', () => {
  const load = async (name: string): ReturnType<typeof loadMmvp> => loadMmvp(await openPath(shared(`mmvp-mini/${name}`)));

  it.each(['renamed-folder.zip', 'one-level-deeper.zip', 'imagefolder.zip', 'missing-149.zip'])('%s is read as the folder is', async (name) => {
    const [plain, copy] = [await load(''), await load(`variants/${name}`)];
    const facts = ({ pairs }: typeof plain): unknown => pairs.filter((pair) => name !== 'missing-149.zip' || pair.number !== 75).map(({ number, pattern, statements }) => ({ number, pattern, statements }));
    expect(facts(copy)).toEqual(facts(plain));
    expect(copy.warnings).toHaveLength(name === 'missing-149.zip' ? 1 : 0);
    expect(await copy.pairs[100]!.pictures[1].read()).toEqual(await plain.pairs.find(({ number }) => number === copy.pairs[100]!.number)!.pictures[1].read());
  });

  it.each(['no-csv.zip', 'hf-viewer.parquet'])('%s lacks Questions.csv', async (name) => {
    await expect(load(`variants/${name}`)).rejects.toThrow(/Questions\.csv/);
  });
});
