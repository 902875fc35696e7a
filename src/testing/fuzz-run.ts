// npm run fuzz -- [--cases 20000] [--seed 1] [--from 0] [--limit 10] [--out counts.json]: every case in a child process that is ended when a case takes more CPU time than the limit in seconds.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { endingOf, fuzzCase, seeds, type Ending } from './fuzz';

/** Beyond what the child took after its first case; a case may not take more memory than this, in bytes. */
const MOST_MEMORY = 512e6;

/** A case that waits for ever uses no CPU time: it is ended after this many times the limit, on the clock. */
const PATIENCE = 60;

interface Report {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly ending: Ending;
  /** Seconds of CPU time. */
  readonly seconds: number;
  /** The most that the process has taken so far, in bytes. */
  readonly peak: number;
}

const { values } = parseArgs({ options: { cases: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' }, from: { type: 'string', default: '0' }, limit: { type: 'string', default: '10' }, out: { type: 'string' } } });
const [cases, seed, from, limit] = [values.cases, values.seed, values.from, values.limit].map(Number) as [number, number, number, number];

/** Seconds of CPU time that this process has taken. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const WATCH = `const { workerData: { since, limit } } = require('node:worker_threads');
setInterval(() => {
  const { user, system } = process.cpuUsage();
  if ((user + system) / 1e6 - since[0] > limit) process.kill(process.pid, 'SIGKILL');
}, 100);`;

/** Ends this process when it has taken more CPU time than the limit since the last call. */
function watchdog(): () => void {
  const since = new Float64Array(new SharedArrayBuffer(8)).fill(cpuTime());
  new Worker(WATCH, { eval: true, workerData: { since, limit } }).unref();
  return () => void since.fill(cpuTime());
}

async function work(first: number): Promise<void> {
  const sound = await seeds();
  const begin = watchdog();
  let highest = Infinity;
  for (let index = first; index < from + cases; index++) {
    const made = fuzzCase(sound, seed, index);
    begin();
    const before = cpuTime();
    let ending = await endingOf(made);
    const seconds = cpuTime() - before;
    const peak = process.resourceUsage().maxRSS * 1024;
    if (peak > highest + MOST_MEMORY) ending = { defect: `it took ${Math.round((peak - highest) / 1e6)} MB` };
    highest = Math.max(peak, highest === Infinity ? 0 : highest);
    process.send!({ index, name: made.name, kind: made.kind, ending, seconds, peak } satisfies Report);
  }
}

const counts: Record<string, { result: number; refused: number; defect: number }> = {};
const defects: { index: number; name: string; defect: string }[] = [];
let slowest: Pick<Report, 'index' | 'name' | 'seconds'> = { index: -1, name: '', seconds: 0 };
let most = 0;
let done = from;

function note({ index, name, kind, ending, seconds, peak }: Report): void {
  const outcome = typeof ending === 'string' ? ending : 'defect';
  (counts[kind] ??= { result: 0, refused: 0, defect: 0 })[outcome]++;
  if (typeof ending !== 'string') {
    defects.push({ index, name, defect: ending.defect });
    process.stderr.write(`case ${index} (${name}): ${ending.defect}\n`);
  }
  if (seconds > slowest.seconds) slowest = { index, name, seconds };
  most = Math.max(most, peak);
  done = index + 1;
  if (done % 100 && done < from + cases) return;
  const text = JSON.stringify({ seed, from, done: done - from, counts, slowest, peakMegabytes: Math.round(most / 1e6), defects }, null, 1);
  if (values.out) writeFileSync(values.out, text);
  else if (done === from + cases) process.stdout.write(`${text}\n`);
}

/** Runs the cases from `done` on in a child; resolves when it ends, for whatever reason. */
function child(): Promise<void> {
  return new Promise((resolve) => {
    const worker = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, FUZZ_FROM: String(done) }, execArgv: process.execArgv });
    let waited = false;
    const watch = (seconds: number) => setTimeout(() => ((waited = true), worker.kill('SIGKILL')), seconds * 1000);
    let timer = watch(limit * PATIENCE);
    worker.on('message', (report: Report) => {
      clearTimeout(timer);
      timer = watch(limit * PATIENCE);
      note(report);
    });
    worker.on('exit', (code, signal) => {
      clearTimeout(timer);
      const why = waited ? `longer than ${limit * PATIENCE} s` : signal === 'SIGKILL' ? `more than ${limit} s of CPU time` : `the process ended with ${code ?? signal}`;
      if (done < from + cases) note({ index: done, name: '', kind: 'unknown', ending: { defect: why }, seconds: waited ? 0 : limit, peak: 0 });
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
