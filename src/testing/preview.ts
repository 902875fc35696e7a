/** The page over the fake engine: `npm run dev`, then /src/testing/preview.html?webgpu=none&pace=0.1&failAt=3. Not part of the build. */
import Papa from 'papaparse';
import type { BundledItem, Comparison } from '../engine/api';
import { mount } from '../ui/mount';
import { FakeEngine, type FakeOptions } from './fake-engine';

const query = new URLSearchParams(location.search);

async function bundledPairs(): Promise<Comparison['pairs']> {
  const text = await (await fetch('/mmvp-mini/Questions.csv')).text();
  const rows = Papa.parse<{ 'Question ID': string; Type: string; Statement: string }>(text, { header: true, skipEmptyLines: true }).data;
  const picture = async (i: number): Promise<Blob> => (await fetch(`/mmvp-mini/MLLM_VLM Images/${rows[i]!.Type}/${rows[i]!['Question ID']}.jpg`)).blob();
  return Promise.all(rows.flatMap((_, i) => (i % 2 ? [] : [i])).map(async (i) => ({
    pattern: rows[i]!.Type, captions: [rows[i]!.Statement, rows[i + 1]!.Statement] as const, pictures: [await picture(i), await picture(i + 1)] as const,
  })));
}

async function bundledItems(): Promise<BundledItem[]> {
  const items = (await (await fetch('/bundled.json')).json()) as (BundledItem & { files: { size: number }[] })[];
  return items.map(({ id, kind, title, note, files }) => ({ id, kind, title, note, bytes: files.reduce((sum, file) => sum + file.size, 0) }));
}

const pairs = bundledPairs();
const catalogue = await bundledItems();
const failAt = query.get('failAt');
mount(() => new FakeEngine({
  webgpu: (query.get('webgpu') ?? 'hardware') as FakeOptions['webgpu'],
  secondsPerStep: Number(query.get('pace') ?? 0.1),
  failAt: failAt === null ? undefined : Number(failAt),
  skipped: [{ path: 'holiday/IMG_0001.heic', reason: 'HEIC pictures cannot be decoded by this browser. Save it as JPEG.' }, { path: 'notes.txt', reason: 'not a picture' }],
  pairs: () => pairs,
  catalogue,
}));
