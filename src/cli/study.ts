import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { UserError } from '../ir/errors';
import { readGates } from '../pretrain/gates';
import { PRESETS } from '../recipes/settings';
import { REALIGN } from '../train/realign';
import { writeWhole } from './files';
import { renderCurves } from './study-curves';
import { renderStudy } from './study-report';
import { readStudy, rerun } from './study-runs';

const HELP = `usage: npm run study [-- --rerun]
Writes docs/nano-study.md and its curves, docs/nano-study.svg, from docs/nano-study.json and what docs/nano-study-reading.md has to say of it, after training and measuring everything anew with --rerun. A rerun that was stopped goes on from the runs
that it has saved there, if settings and models are the same; remove the file to begin anew all the same.
`;

const RUNS = 'docs/nano-study.json';
const READING = 'docs/nano-study-reading.md';
const GATES = 'docs/pretraining/gates.json';

async function main(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { rerun: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
  if (values.help) return void process.stdout.write(HELP);
  if (values.rerun) {
    const gates = readGates(await readFile(GATES, 'utf8'), GATES);
    await rerun({ gates, settings: { ...PRESETS.nano, realign: { steps: REALIGN.steps, lr: REALIGN.lr } }, machine: `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown processor'}` }, RUNS, (line) => console.error(line));
  } else if (!existsSync(RUNS)) throw new UserError('There are no saved runs', RUNS, 'Make them with npm run study -- --rerun');
  const study = await readStudy(RUNS);
  await writeWhole('docs/nano-study.svg', renderCurves(study));
  await writeWhole('docs/nano-study.md', renderStudy(study, await readFile(READING, 'utf8')));
  if (values.rerun) console.error(`${READING} is about earlier runs: read it again`);
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(`error: ${error instanceof UserError ? error.message.replace(/\s+/g, ' ') : String(error instanceof Error ? error.stack : error)}`);
    process.exit(1);
  },
);
