import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { ClipModel } from '../models/clip';
import type { EngineEvent, EvaluationResult } from './api';
import type { Evaluation } from './evaluations';

/** Evaluates models one after the other, and keeps what each has answered. */
export class Measuring {
  private readonly kept = new WeakMap<ClipModel, Map<string, unknown>>();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly evaluations: readonly Evaluation<unknown>[], private readonly emit: (event: EngineEvent) => void) {}

  get busy(): boolean {
    return this.waiting > 0;
  }

  evaluate(id: string, untouched: ClipModel, tuned: ClipModel | undefined, open: () => Promise<Executor>): Promise<EvaluationResult> {
    const evaluation = this.evaluations.find(({ info }) => info.id === id);
    if (!evaluation) throw new UserError(`There is no evaluation "${id}"`, '', `Choose one of ${this.evaluations.map(({ info }) => info.id).join(', ')}`);
    this.waiting++;
    const work = this.last.then(async () => {
      const executor = await open();
      const before = await this.answers(evaluation, untouched, 'the untouched model', executor);
      return evaluation.result(before, tuned && (await this.answers(evaluation, tuned, 'the tuned model', executor)));
    }).finally(() => this.waiting--);
    this.last = work.catch(() => undefined);
    return work;
  }

  private async answers(evaluation: Evaluation<unknown>, clip: ClipModel, name: string, executor: Executor): Promise<unknown> {
    const { id } = evaluation.info;
    const known = this.kept.get(clip) ?? new Map<string, unknown>();
    this.kept.set(clip, known);
    if (!known.has(id)) known.set(id, await evaluation.answers(clip, executor, (done, total) => this.emit({ kind: 'evaluation', id, label: `Asking ${name}`, done, total })));
    return known.get(id);
  }
}
