import type { Executor } from '../executors/executor';

/** Milliseconds that a worker may compute without looking at its messages. */
const LONGEST_BREATH = 50;

/** An executor that lets messages and timers of its worker in now and then: WASM computes without a pause, so that no progress would leave it and no wish to stop reach it. */
export function breathing(executor: Executor): Executor {
  let last = performance.now();
  const breathe = async (): Promise<void> => {
    if (performance.now() - last < LONGEST_BREATH) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
  return {
    kind: executor.kind,
    description: executor.description,
    dispose: () => executor.dispose(),
    async compile(source) {
      const program = await executor.compile(source);
      return {
        readState: (names) => program.readState(names),
        writeState: (values) => program.writeState(values),
        dispose: () => program.dispose(),
        async run(graph, inputs) {
          await breathe();
          return program.run(graph, inputs);
        },
      };
    },
  };
}
