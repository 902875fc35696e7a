import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodePicture } from '../data/decode-node';
import { openFile, openPath } from '../data/files-node';
import { checkFile, checkTree, type Checked } from '../intake/check';
import { UserError } from '../ir/errors';

/** `check PATH [--as KIND]`: what the page's drop zone makes of PATH. Models run on the reference whatever --executor says. */
export async function check(argv: string[]): Promise<Checked> {
  const { values, positionals } = parseArgs({ args: argv, options: { as: { type: 'string' }, executor: { type: 'string' } }, allowPositionals: true });
  const [path, another] = positionals;
  if (path === undefined || another !== undefined) throw new UserError(path === undefined ? 'No path is given' : `One path at a time is checked, but there is ${another} too`, 'check', 'Give check PATH [--as KIND]');
  const exists = async (place: string): Promise<boolean> => stat(place).then((found) => found.isFile(), () => false);
  const beside = async (location: string) => ((await exists(join(dirname(path), location))) ? openFile(join(dirname(path), location)) : undefined);
  const tools = { decode: decodePicture, beside };
  const result = (await stat(path).then((found) => found.isDirectory(), () => false)) ? await checkTree(await openPath(path), tools, values.as) : await checkFile(await openFile(path), tools, values.as);
  for (const warning of result.warnings ?? []) console.error(`warning: ${warning}`);
  return result;
}
