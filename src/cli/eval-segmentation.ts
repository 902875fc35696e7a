import { decodePicture } from '../data/decode-node';
import { openPath } from '../data/files-node';
import { reading } from '../eval/embed';
import { readMaskedFolder } from '../eval/masked-folder';
import { nanoSegmentationSet } from '../eval/nano/segmentation-set';
import { createPatchReader } from '../eval/patches';
import { segment } from '../eval/segmentation';
import { reportSegmentation, type SegmentationReport } from '../eval/segmentation-score';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead } from './eval-models';

/** report.json */
export interface SegmentationFile extends EvalHead, SegmentationReport {}

/** `eval segmentation`: patches named by texts and by a linear probe, on a person's own or on generated pictures. */
export async function evaluateSegmentation(argv: string[]): Promise<SegmentationFile> {
  const options = parseEvalOptions('segmentation', argv);
  const set = options.data === undefined ? nanoSegmentationSet() : await readMaskedFolder(await openPath(options.data), decodePicture);
  if (!set.probe) console.error('warning: there are too few pictures to fit a probe');
  const { head, results } = await withModels(options, (clip, executor) => reading(clip, executor, async ({ encoder }) => {
    const patches = await createPatchReader(clip, executor);
    try {
      return await segment(set, { patches, encoder }, progressOf(clip.name));
    } finally {
      await patches.dispose();
    }
  }));
  return writeReport({ ...head, ...reportSegmentation(set, ...results) }, options.out);
}
