import { chooseExecutor } from '../executors/choose-node';
import type { Executor } from '../executors/executor';

/** The executor of `--executor`, named on stderr. */
export async function openExecutor(kind: string | undefined): Promise<Executor> {
  const executor = await chooseExecutor(kind);
  console.error(`executor: ${executor.kind}, ${executor.description}`);
  return executor;
}
