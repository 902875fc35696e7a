import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { MeasureName } from './study-measures';
import type { Evaluation, Figure } from './study-runs';
import type { MeasureOrder, MeasureReply } from './study-worker';

/** Evaluations that share a process; both groups take about as long. */
const GROUPS: readonly (readonly MeasureName[])[] = [['vqa'], ['pairs', 'readout', 'zero-shot', 'retrieval', 'segmentation']];

export interface Measured {
  readonly figures: Record<Evaluation, Figure>;
  /** Of each evaluation, in a process that works beside another. */
  readonly seconds: Record<string, number>;
}

/** Measures models in processes that stand side by side, one model at a time; what models have in common is done once. */
export class Measuring {
  private readonly workers: readonly { readonly names: readonly MeasureName[]; readonly process: ChildProcess }[];

  constructor() {
    const file = fileURLToPath(new URL('./study-worker.ts', import.meta.url));
    this.workers = GROUPS.map((names) => ({ names, process: fork(file, [...names], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }) }));
  }

  /** @param baseline the folder of the model that it is compared with: its own for that one */
  async measure(clip: string, baseline: string, tell: (line: string) => void): Promise<Measured> {
    const replies = (await Promise.all(this.workers.map(({ names, process }) => ask(process, names.length, { clip, baseline }, tell)))).flat();
    return {
      figures: Object.assign({}, ...replies.map(({ figures }) => figures)) as Record<Evaluation, Figure>,
      seconds: Object.fromEntries(replies.map(({ name, seconds }) => [name, seconds])),
    };
  }

  stop(): void {
    for (const { process } of this.workers) if (process.connected) process.disconnect();
  }
}

type Answer = Exclude<MeasureReply, { readonly error: string }>;

/** Resolves with as many answers as are expected. */
function ask(worker: ChildProcess, expected: number, order: MeasureOrder, tell: (line: string) => void): Promise<Answer[]> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = [];
    const finish = (end: () => void): void => {
      worker.off('message', heard).off('exit', left);
      end();
    };
    const left = (code: number | null): void => finish(() => reject(new Error(`A measuring process ended with code ${code}`)));
    const heard = (reply: MeasureReply): void => {
      if ('error' in reply) return finish(() => reject(new Error(reply.error)));
      answers.push(reply);
      for (const [evaluation, { overall }] of Object.entries(reply.figures)) tell(`${evaluation}: ${overall.toFixed(2)} (${reply.seconds.toFixed(1)} s)`);
      if (answers.length === expected) finish(() => resolve(answers));
    };
    worker.on('message', heard).on('exit', left).send(order);
  });
}
