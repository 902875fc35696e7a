import { parseArgs } from 'node:util';
import type { Executor } from '../executors/executor';
import { UserError } from '../ir/errors';
import type { ClipModel } from '../models/clip';
import { openExecutor } from './executor';
import { writeWhole } from './files';
import { openClip } from './model';

/** What evaluations on a person's own pictures or on generated ones take. */
export interface EvalOptions {
  readonly clip: string;
  readonly baseline?: string;
  /** Undefined stands for generated data. */
  readonly data?: string;
  readonly templates?: string;
  readonly executor?: string;
  readonly out?: string;
}

/** What every such report.json says of its run. */
export interface EvalHead {
  readonly model: string;
  readonly baseline_model?: string;
  readonly data: string;
  readonly executor: string;
}

/** Throws a UserError unless there are a model and either data or --nano. */
export function parseEvalOptions(name: string, argv: string[]): EvalOptions {
  const { values } = parseArgs({
    args: argv,
    options: {
      clip: { type: 'string' }, baseline: { type: 'string' }, data: { type: 'string' }, nano: { type: 'boolean' }, templates: { type: 'string' },
      executor: { type: 'string' }, out: { type: 'string' },
    },
  });
  const { clip, data, nano } = values;
  const usage = `Give eval ${name} --clip DIR [--baseline DIR] (--data PATH | --nano) --out report.json`;
  if (clip === undefined) throw new UserError('No model is given', `eval ${name}`, usage);
  if ((data === undefined) === !nano) throw new UserError(nano ? 'Both --data and --nano are given' : 'No pictures are given', `eval ${name}`, usage);
  if (values.templates !== undefined && (nano || name !== 'zero-shot')) throw new UserError('Templates are for class folders; these texts stand already', `eval ${name} --templates`, 'Leave out --templates');
  return { ...values, clip };
}

/** Reads the model and, if there is one, the baseline, one after the other; the first result is the model's. */
export async function withModels<T>(options: EvalOptions, read: (clip: ClipModel, executor: Executor) => Promise<T>): Promise<{ readonly head: EvalHead; readonly results: [T, T?] }> {
  const folders = [options.clip, ...(options.baseline === undefined ? [] : [options.baseline])];
  const models = await Promise.all(folders.map(openClip));
  const executor = await openExecutor(options.executor);
  try {
    const results: T[] = [];
    for (const model of models) results.push(await read(model, executor));
    const head = { model: models[0]!.name, ...(models[1] && { baseline_model: models[1].name }), data: options.data ?? 'nano', executor: executor.description };
    return { head, results: results as [T, T?] };
  } finally {
    await executor.dispose();
  }
}

export async function writeReport<T>(report: T, out: string | undefined): Promise<T> {
  if (out !== undefined) await writeWhole(out, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

/** Says on stderr how far an evaluation is. */
export function progressOf(model: string): (done: number, total: number) => void {
  return (done, total) => console.error(`${model}: ${done} of ${total} pictures`);
}
