import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { createNodeOrt } from '../executors/ort-node';
import { loadClip } from '../models/clip';
import { createEncoder } from '../models/encoder';
import { nanoRetrievalSets } from './nano/retrieval-sets';
import { nanoSegmentationSet } from './nano/segmentation-set';
import { nanoZeroShotSets } from './nano/zero-shot-sets';
import { createPatchReader } from './patches';
import { rankRetrieval, reportRetrieval } from './retrieval';
import { heatMap, segment } from './segmentation';
import { reportSegmentation } from './segmentation-score';
import { rankClasses, reportZeroShot } from './zero-shot';

it('a real model gives whole reports on generated data, and none differs from its own', async () => {
  const clip = await loadClip(await openPath(fileURLToPath(new URL('../../public/models/tiny-clip', import.meta.url))));
  const executor = createNodeOrt();
  const encoder = await createEncoder(clip, executor);
  const patches = await createPatchReader(clip, executor);
  const reader = { processor: clip.processor, encoder };

  const sets = nanoZeroShotSets(6).filter(({ name }) => name === 'states' || name === 'kinds, sketch');
  const ranks = [await rankClasses(sets[0]!, reader), await rankClasses(sets[1]!, reader)];
  const zeroShot = reportZeroShot(sets, ranks, ranks);
  expect(zeroShot).toMatchObject({ n: 12, difference: 0, mcnemar: { p_exact_two_sided: 1 } });
  expect(ranks.flat().every((rank) => rank >= 0 && rank < 25)).toBe(true);

  const [rich] = nanoRetrievalSets();
  const few = { ...rich!, pictures: rich!.pictures.slice(0, 9), captions: rich!.captions.slice(0, 9) };
  const retrieved = await rankRetrieval(few, reader);
  expect(reportRetrieval([few], [retrieved], [retrieved])).toMatchObject({ difference: 0, sets: [{ pictures: 9, image_to_text: { r10: { right: 9, of: 9 } } }] });

  const groups = nanoSegmentationSet({ fit: 4, test: 3 });
  const counts = await segment(groups, { patches, encoder });
  const report = reportSegmentation(groups, counts, counts);
  expect(report).toMatchObject({ classes: 26, difference: { training_free: { points: 0, p_exact_two_sided: 1 }, probe: { points: 0 } }, probe: { pictures: 3 } });
  expect(report.probe!.pixel_accuracy_percent).toBeGreaterThan(50);

  const { picture } = await groups.pictures[0]!.load();
  const map = await heatMap({ patches, encoder }, picture, 'a photo of a cup');
  const { imageSize, patchSize } = clip.config.vision;
  expect([map.width, map.height]).toEqual([imageSize / patchSize, imageSize / patchSize]);
  expect(map.data.every((cosine) => Math.abs(cosine) <= 1.000001)).toBe(true);
  await patches.dispose();
  await encoder.dispose();
  await executor.dispose();
});
