import { UserError } from '../ir/errors';

interface Benchmark {
  /** Its options. */
  readonly takes: string;
  run(argv: string[]): Promise<unknown>;
}

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  mmvp: { takes: '--clip DIR [--baseline DIR] --mmvp PATH [--questions CSV] --out report.json, with --pairs LIST.json (mined scenes) in place of --mmvp, or mmvp --scores F --set NAME [--baseline-set NAME] --out report.json', run: async (argv) => (await import('./eval-mmvp')).evaluateMmvp(argv) },
  readout: { takes: '--clip DIR [--baseline DIR] --nano --out report.json', run: async (argv) => (await import('./eval-readout')).evaluateReadout(argv) },
  'zero-shot': { takes: '--clip DIR [--baseline DIR] (--data FOLDER [--templates FILE] | --nano) --out report.json', run: async (argv) => (await import('./eval-zero-shot')).evaluateZeroShot(argv) },
  vqa: { takes: '--clip DIR [--baseline DIR] (--data FOLDER | --nano) --out report.json', run: async (argv) => (await import('./eval-vqa')).evaluateVqa(argv) },
  retrieval: { takes: '--clip DIR [--baseline DIR] (--data PATH | --nano) --out report.json', run: async (argv) => (await import('./eval-retrieval')).evaluateRetrieval(argv) },
  segmentation: { takes: '--clip DIR [--baseline DIR] (--data FOLDER | --nano) --out report.json', run: async (argv) => (await import('./eval-segmentation')).evaluateSegmentation(argv) },
};

/** `eval NAME`: runs one of the benchmarks. */
export async function evaluate([name = '', ...argv]: string[]): Promise<unknown> {
  const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name]! : undefined;
  if (!benchmark) throw new UserError(`There is no benchmark "${name}"`, 'eval', `Use eval ${Object.keys(BENCHMARKS).join(', ')}`);
  return benchmark.run(argv);
}
