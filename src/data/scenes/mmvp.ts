import Papa from 'papaparse';
import { UserError } from '../../ir/errors';
import { fileInMemory, type FileEntry } from '../files';
import { statementOf } from './caption';
import { PATTERNS } from './kind';
import type { ScenePair } from './pairs';
import { drawnFile } from './drawn';

/** Pairs a pattern has in MMVP-VLM: 135 pairs and 270 pictures in all. */
export const PAIRS_PER_PATTERN = 15;

/**
 * Pairs as files in MMVP-VLM's layout: Questions.csv (`Question ID,Type,Statement`) and `MLLM_VLM Images/<Type>/<id>.png`, ids from 1, the first picture of a
 * pair odd, the nine types in the benchmark's order. Pairs may come in any order of types; each type keeps its own order.
 * Throws a UserError unless every type has `each` pairs.
 */
export function mmvpFiles(pairs: readonly ScenePair[], each = PAIRS_PER_PATTERN): FileEntry[] {
  for (const pattern of PATTERNS) {
    const count = pairs.filter((pair) => pair.pattern === pattern).length;
    if (count !== each) throw new UserError(`MMVP needs ${each} pairs of the type ${pattern}, not ${count}`, 'the list of pairs', 'Choose as many pairs of each of the nine types');
  }
  const ordered = PATTERNS.flatMap((pattern) => pairs.filter((pair) => pair.pattern === pattern));
  const questions = ordered.flatMap(({ pattern, scenes }, pair) => scenes.map((scene, i) => ({ id: 2 * pair + i + 1, pattern, scene })));
  const rows = questions.map(({ id, pattern, scene }) => [id, pattern, statementOf(scene, pattern)]);
  const table = `${Papa.unparse({ fields: ['Question ID', 'Type', 'Statement'], data: rows }, { newline: '\n' })}\n`;
  const pictures = questions.map(({ id, pattern, scene }) => drawnFile(`MLLM_VLM Images/${pattern}/${id}.png`, scene));
  return [fileInMemory('Questions.csv', new TextEncoder().encode(table)), ...pictures];
}
