import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { ClipModel } from '../models/clip';
import type { EngineEvent, EvaluationResult } from './api';
import type { Evaluation } from './evaluations';

const CANCELLED = new Error('cancelled');

/** Evaluates models one after the other, and keeps what each has answered. */
export class Measuring {
  private readonly kept = new WeakMap<ClipModel, Map<string, unknown>>();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private readonly cancelled = new Set<string>();

  constructor(private readonly evaluations: readonly Evaluation<unknown>[], private readonly emit: (event: EngineEvent) => void) {}

  get busy(): boolean {
    return this.waiting > 0;
  }

  /** Ends what is asked under this name at its next report of progress. */
  cancel(id: string): void {
    this.cancelled.add(id);
  }

  /** Resolves to undefined where it was cancelled. */
  evaluate(id: string, untouched: ClipModel, tuned: ClipModel | undefined, open: () => Promise<Executor>): Promise<EvaluationResult | undefined> {
    const evaluation = this.evaluations.find(({ info }) => info.id === id);
    if (!evaluation) throw new UserError(`There is no evaluation "${id}"`, '', `Choose one of ${this.evaluations.map(({ info }) => info.id).join(', ')}`);
    this.waiting++;
    this.cancelled.delete(id);
    const work = this.last.then(async () => {
      this.requireWanted(id);
      const executor = await open();
      const before = await this.answers(evaluation, untouched, 'the untouched model', executor);
      return evaluation.result(before, tuned && (await this.answers(evaluation, tuned, 'the tuned model', executor)));
    }).catch((error: unknown) => {
      if (error !== CANCELLED) throw error;
      return undefined;
    }).finally(() => this.waiting--);
    this.last = work.catch(() => undefined);
    return work;
  }

  private async answers(evaluation: Evaluation<unknown>, clip: ClipModel, name: string, executor: Executor): Promise<unknown> {
    const { id } = evaluation.info;
    const known = this.kept.get(clip) ?? new Map<string, unknown>();
    this.kept.set(clip, known);
    if (!known.has(id)) known.set(id, await evaluation.answers(clip, executor, (done, total) => {
      this.requireWanted(id);
      this.emit({ kind: 'evaluation', id, label: `Asking ${name}`, done, total });
    }));
    return known.get(id);
  }

  private requireWanted(id: string): void {
    if (this.cancelled.has(id)) throw CANCELLED;
  }
}
