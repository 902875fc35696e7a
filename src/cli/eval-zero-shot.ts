import { decodePicture } from '../data/decode-node';
import type { Skipped } from '../data/files';
import { openFile, openPath } from '../data/files-node';
import { reading } from '../eval/embed';
import { parseTemplates, readClassFolders } from '../eval/class-folders';
import { nanoZeroShotSets } from '../eval/nano/zero-shot-sets';
import { rankClasses, reportZeroShot, type ZeroShotReport, type ZeroShotSet } from '../eval/zero-shot';
import { parseEvalOptions, progressOf, withModels, writeReport, type EvalHead, type EvalOptions } from './eval-models';

/** report.json */
export interface ZeroShotFile extends EvalHead, ZeroShotReport {
  readonly skipped: readonly Skipped[];
}

/** `eval zero-shot`: classes named by texts, on class folders or on the 27 generated sets. */
export async function evaluateZeroShot(argv: string[]): Promise<ZeroShotFile> {
  const options = parseEvalOptions('zero-shot', argv);
  const { sets, skipped } = await setsOf(options);
  const { head, results } = await withModels(options, (clip, executor) => reading(clip, executor, async (reader) => {
    const ranks: number[][] = [];
    for (const set of sets) ranks.push(await rankClasses(set, reader, progressOf(`${clip.name}, ${set.name}`)));
    return ranks;
  }));
  return writeReport({ ...head, skipped, ...reportZeroShot(sets, ...results) }, options.out);
}

async function setsOf({ data, templates }: EvalOptions): Promise<{ sets: readonly ZeroShotSet[]; skipped: readonly Skipped[] }> {
  if (data === undefined) return { sets: nanoZeroShotSets(), skipped: [] };
  const given = templates === undefined ? undefined : parseTemplates(new TextDecoder().decode(await (await openFile(templates)).read()), templates);
  const { set, skipped } = await readClassFolders(await openPath(data), decodePicture, given);
  for (const { path, reason } of skipped) console.error(`skipped: ${path}: ${reason}`);
  return { sets: [set], skipped };
}
