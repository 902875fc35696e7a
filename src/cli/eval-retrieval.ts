import { dirname, resolve, basename } from 'node:path';
import { decodePicture } from '../data/decode-node';
import { findFile } from '../data/files';
import { openPath } from '../data/files-node';
import { reading } from '../eval/embed';
import { readCaptions } from '../eval/captions';
import { nanoRetrievalSets } from '../eval/nano/retrieval-sets';
import { rankRetrieval, reportRetrieval, type RetrievalRanks, type RetrievalReport, type RetrievalSet } from '../eval/retrieval';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead } from './eval-models';

/** report.json */
export interface RetrievalFile extends EvalHead, RetrievalReport {}

/** `eval retrieval`: pictures by captions and captions by pictures, on a person's own or on the two generated sets. */
export async function evaluateRetrieval(argv: string[]): Promise<RetrievalFile> {
  const options = parseEvalOptions('retrieval', argv);
  const sets = options.data === undefined ? nanoRetrievalSets() : [await captionedIn(options.data)];
  const { head, results } = await withModels(options, (clip, executor) => reading(clip, executor, async (reader) => {
    const ranks: RetrievalRanks[] = [];
    for (const set of sets) ranks.push(await rankRetrieval(set, reader, progressOf(`${clip.name}, ${set.name}`)));
    return ranks;
  }));
  return writeReport({ ...head, ...reportRetrieval(sets, ...results) }, options.out);
}

/** Pictures with captions of a person's own; a table is read with the pictures beside it. */
export async function captionedIn(path: string): Promise<RetrievalSet> {
  const tree = await openPath(path);
  if (!/\.(csv|tsv|jsonl)$/i.test(path)) return readCaptions(tree, decodePicture);
  const folder = await openPath(dirname(resolve(path)));
  return readCaptions(folder, decodePicture, findFile(folder, basename(path)));
}
