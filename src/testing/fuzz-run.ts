// npm run fuzz -- [--cases 20000] [--seed 1] [--from 0] [--limit 30] [--out counts.json]: every case in a child process that is ended when a case takes longer than the limit in seconds.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endingOf, fuzzCase, seeds, type Ending } from './fuzz';

/** Beyond what the child took after its first case; a case may not take more memory than this, in bytes. */
const MOST_MEMORY = 512e6;

interface Report {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly ending: Ending;
  /** Seconds of CPU time. */
  readonly seconds: number;
}

const { values } = parseArgs({ options: { cases: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' }, from: { type: 'string', default: '0' }, limit: { type: 'string', default: '30' }, out: { type: 'string' } } });
const [cases, seed, from, limit] = [values.cases, values.seed, values.from, values.limit].map(Number) as [number, number, number, number];

async function work(first: number): Promise<void> {
  const sound = await seeds();
  let highest = Infinity;
  for (let index = first; index < from + cases; index++) {
    const made = fuzzCase(sound, seed, index);
    const before = process.cpuUsage();
    let ending = await endingOf(made);
    const { user, system } = process.cpuUsage(before);
    const peak = process.resourceUsage().maxRSS * 1024;
    if (peak > highest + MOST_MEMORY) ending = { defect: `it took ${Math.round((peak - highest) / 1e6)} MB` };
    highest = Math.max(peak, highest === Infinity ? 0 : highest);
    process.send!({ index, name: made.name, kind: made.kind, ending, seconds: (user + system) / 1e6 } satisfies Report);
  }
}

const counts: Record<string, { result: number; refused: number; defect: number }> = {};
const defects: { index: number; name: string; defect: string }[] = [];
let slowest: Pick<Report, 'index' | 'name' | 'seconds'> = { index: -1, name: '', seconds: 0 };
let done = from;

function note({ index, name, kind, ending, seconds }: Report): void {
  const outcome = typeof ending === 'string' ? ending : 'defect';
  (counts[kind] ??= { result: 0, refused: 0, defect: 0 })[outcome]++;
  if (typeof ending !== 'string') {
    defects.push({ index, name, defect: ending.defect });
    process.stderr.write(`case ${index} (${name}): ${ending.defect}\n`);
  }
  if (seconds > slowest.seconds) slowest = { index, name, seconds };
  done = index + 1;
  if (done % 100 && done < from + cases) return;
  const text = JSON.stringify({ seed, from, done: done - from, counts, slowest, defects }, null, 1);
  if (values.out) writeFileSync(values.out, text);
  else if (done === from + cases) process.stdout.write(`${text}\n`);
}

/** Runs the cases from `done` on in a child; resolves when it ends, for whatever reason. */
function child(): Promise<void> {
  return new Promise((resolve) => {
    const worker = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, FUZZ_FROM: String(done) }, execArgv: process.execArgv });
    let hung = false;
    const watch = (seconds: number) => setTimeout(() => ((hung = true), worker.kill('SIGKILL')), seconds * 1000);
    // Reading the seeds counts as a case of its own.
    let timer = watch(limit * 4);
    worker.on('message', (report: Report) => {
      clearTimeout(timer);
      timer = watch(limit);
      note(report);
    });
    worker.on('exit', (code) => {
      clearTimeout(timer);
      if (done < from + cases) note({ index: done, name: '', kind: 'unknown', ending: { defect: hung ? `longer than ${limit} s` : `the process ended with ${code}` }, seconds: limit });
      resolve();
    });
  });
}

const first = process.env['FUZZ_FROM'];
if (first !== undefined) {
  await work(Number(first));
  process.disconnect();
} else {
  while (done < from + cases) await child();
  process.stdout.write(`${done - from} cases, ${defects.length} defects\n`);
  process.exitCode = defects.length ? 1 : 0;
}
