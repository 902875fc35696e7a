import type { Executor, Program } from '../executors/executor';
import { UserError } from '../ir/errors';
import { toNumbers, zeros, type Tensor } from '../ir/tensor';
import { adamwGraph, adamwInputs, adamwState, averageOf, momentOf, type AdamWOptions } from '../train/adamw';
import { inlineBytes } from '../train/network';
import { learningRate } from '../train/schedule';
import { accumulateGraph, sumOf } from '../train/step';
import { finishedWeights, loadCheckpoint, saveCheckpoint, type Folder, type StageCheckpoint } from './checkpoint';
import type { PretrainConfig, StageName } from './config';
import { gradientsByTap } from './convolution';
import { STAGE_MAKERS, type Stage } from './stages';

export interface Progress {
  readonly stage: StageName;
  /** Steps done, of so many. */
  readonly step: number;
  readonly steps: number;
  /** Means over the steps since the last report; `loss`, `grad_norm` and what else the stage gives. */
  readonly values: Readonly<Record<string, number>>;
  readonly lr: number;
  /** A step, drawing included. */
  readonly seconds: number;
}

export interface RunOptions {
  readonly config: PretrainConfig;
  readonly folder: Folder;
  readonly executor: Executor;
  readonly stages: readonly StageName[];
  /** Seconds between checkpoints. */
  readonly saveEvery: number;
  onProgress?(progress: Progress): void;
  /** Asked after each report; a checkpoint is written before the run ends. */
  stopped?(): boolean;
}

/** Steps between two lines of a log, and between the places where a run may be resumed. */
export const REPORT_EVERY = 10;

/** Trains the stages in order, from the folder's checkpoints where there are some. A resumed run takes the same steps as one that was not interrupted. */
export async function pretrain(options: RunOptions): Promise<void> {
  for (const stage of options.stages) {
    const checkpoint = await loadCheckpoint(options.folder, options.config, stage);
    if (checkpoint?.step === options.config.schedules[stage].end) continue;
    const finished = (name: StageName) => finishedWeights(options.folder, options.config, name);
    const made = await STAGE_MAKERS[stage](options.config, options.executor, finished);
    try {
      if (!(await train(options, stage, made, checkpoint))) return;
    } finally {
      await made.dispose();
    }
  }
}

/** False if the run was stopped. */
async function train(options: RunOptions, name: StageName, stage: Stage, checkpoint: StageCheckpoint | undefined): Promise<boolean> {
  const { config, folder, executor, saveEvery } = options;
  const { end } = config.schedules[name];
  const trainer = await StageTrainer.create(config, name, stage, executor, checkpoint);
  const log = await Log.open(folder, name, checkpoint?.step ?? 0);
  let saved = performance.now();
  try {
    while (trainer.done < end) {
      const progress = await trainer.advance(Math.min(REPORT_EVERY, end - trainer.done));
      options.onProgress?.(progress);
      log.add(progress);
      const stop = options.stopped?.() === true;
      if (trainer.done < end && !stop && performance.now() - saved < saveEvery * 1000) continue;
      await saveCheckpoint(folder, config, name, { step: trainer.done, state: await trainer.state() });
      await log.write();
      saved = performance.now();
      if (stop) return false;
    }
    return true;
  } finally {
    await trainer.dispose();
  }
}

class StageTrainer {
  private constructor(
    private readonly config: PretrainConfig,
    private readonly name: StageName,
    private readonly stage: Stage,
    private readonly program: Program,
    public done: number,
  ) {}

  static async create(config: PretrainConfig, name: StageName, stage: Stage, executor: Executor, checkpoint: StageCheckpoint | undefined): Promise<StageTrainer> {
    const { graph, parameters } = stage.loss;
    const accumulate = gradientsByTap(accumulateGraph({ graph, parameters: parameters.map((parameter) => parameter.name) }, 1));
    const sums = parameters.map((parameter) => [sumOf(parameter.name), zeros('float32', parameter.shape)] as const);
    const state = checkpoint ? { ...checkpoint.state, ...Object.fromEntries(sums) } : adamwState(stage.initial);
    const program = await executor.compile({ graphs: { accumulate, update: adamwGraph(parameters, optimizer(config, name)) }, state, weights: inlineBytes });
    return new StageTrainer(config, name, stage, program, checkpoint?.step ?? 0);
  }

  /** Takes some steps. Throws a UserError if the loss leaves the numbers. */
  async advance(count: number): Promise<Progress> {
    const schedule = this.config.schedules[this.name];
    const sums: Record<string, number> = {};
    const start = performance.now();
    let lr = 0;
    for (let i = 0; i < count; i++) {
      // The first step already moves: step s takes the rate of s + 1.
      lr = learningRate(this.done + 1, { ...schedule, steps: schedule.steps + 1 });
      const results = await this.program.run('accumulate', await this.stage.feeds(this.done));
      Object.assign(results, await this.program.run('update', adamwInputs(this.done, lr, optimizer(this.config, this.name))));
      for (const [key, tensor] of Object.entries(results)) sums[key] = (sums[key] ?? 0) + toNumbers(tensor)[0]! / count;
      this.done++;
      if (!Number.isFinite(sums['loss'])) throw new UserError(`The loss is no longer a number at step ${this.done}`, this.name, 'Begin again from an earlier checkpoint with a smaller learning rate');
    }
    return { stage: this.name, step: this.done, steps: schedule.end, values: sums, lr, seconds: (performance.now() - start) / 1000 / count };
  }

  /** Everything but the gradient sums, which are zero between steps. */
  async state(): Promise<Record<string, Tensor>> {
    return this.program.readState(this.stage.loss.parameters.flatMap(({ name }) => [name, averageOf(name), momentOf(1, name), momentOf(2, name)]));
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

function optimizer({ schedules }: PretrainConfig, stage: StageName): AdamWOptions {
  return { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: schedules[stage].weightDecay, clipNorm: 1, average: 0.995 };
}

/** `<stage>.jsonl`: one line a report. Lines beyond the checkpoint that a run resumes from are dropped. */
class Log {
  private constructor(
    private readonly folder: Folder,
    private readonly name: string,
    private readonly lines: string[],
  ) {}

  static async open(folder: Folder, stage: StageName, step: number): Promise<Log> {
    const name = `${stage}.jsonl`;
    const bytes = step > 0 ? await folder.read(name) : undefined;
    const lines = bytes ? new TextDecoder().decode(bytes).split('\n').filter((line) => line && (JSON.parse(line) as { step: number }).step <= step) : [];
    return new Log(folder, name, lines);
  }

  add({ step, values, lr, seconds }: Progress): void {
    const rounded = Object.fromEntries(Object.entries({ ...values, lr, seconds }).map(([key, value]) => [key, Number(value.toPrecision(5))]));
    this.lines.push(JSON.stringify({ step, ...rounded }));
  }

  write(): Promise<void> {
    return this.folder.write(this.name, this.lines.map((line) => `${line}\n`).join(''));
  }
}
