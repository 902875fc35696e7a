import { UserError } from '../ir/errors';
import { BENCHMARKS, evaluate } from './eval';

interface Command {
  readonly does: string;
  run(argv: string[]): Promise<unknown>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  check: { does: 'what a file or folder is, fully validated: PATH [--as KIND]', run: async (argv) => (await import('./check')).check(argv) },
  inspect: { does: 'operators, sizes and cost: MODEL [--shape name=1x3x32x32]... [--wrt parameters|NAME,...]', run: async (argv) => (await import('./inspect')).inspect(argv) },
  run: { does: 'forward: --model M.onnx --inputs IN.safetensors --out OUT.safetensors', run: async (argv) => (await import('./graph')).runModel(argv) },
  grad: { does: 'forward and reverse: as run, with [--output NAME]... [--wrt a,b|all]', run: async (argv) => (await import('./graph')).differentiate(argv) },
  train: { does: 'tune a CLIP: --clip DIR --diffusion DIR --images PATH --steps N --seed S [--recipe diva|control] [--set key=value]... --out DIR [--draws F] [--record-draws F] [--resume DIR]', run: async (argv) => (await import('./train')).train(argv) },
  realign: { does: 'align the text tower again after train: --clip DIR (--images FOLDER_WITH_CAPTIONS | --nano) --steps N --lr X --seed S --out DIR', run: async (argv) => (await import('./realign')).realign(argv) },
  eval: { does: benchmarks(), run: async (argv) => evaluate(argv) },
  'export-step': { does: 'the step graph as ONNX: options as train', run: async (argv) => (await import('./export-step')).exportStep(argv) },
};

const BY_NAME = 'A model\'s DIR can be hf:owner/name[@revision] as well: it is downloaded from the Hugging Face hub once (HF_ENDPOINT: a mirror of it; HF_HUB_CACHE: where downloads are kept; HF_TOKEN: an account).';

/** A line a benchmark. */
function benchmarks(): string {
  return Object.entries(BENCHMARKS).map(([name, { takes }]) => `${name} ${takes}`).join(`\n${' '.repeat(14)}`);
}

function help(): string {
  return ['usage: npm run --silent cli -- <command> [--json] [--executor webgpu|ort|reference]', ...Object.entries(COMMANDS).map(([name, { does }]) => `  ${name.padEnd(11)} ${does}`), BY_NAME].join('\n');
}

async function main([name, ...argv]: string[]): Promise<void> {
  if (name === undefined || name === '--help' || argv.includes('--help')) {
    console.log(help());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : undefined;
  if (!command) throw new UserError(`There is no command "${name}"`, '', `Use one of ${Object.keys(COMMANDS).join(', ')}`);
  const json = argv.includes('--json');
  const result = await command.run(argv.filter((word) => word !== '--json'));
  await written(`${json ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`);
}

/** Ends when a reader at the other end of a pipe has all of it: exiting earlier would cut it off. */
function written(text: string): Promise<void> {
  return new Promise((done) => process.stdout.write(text, () => done()));
}

/** What a person can act on, in one paragraph; parseArgs' complaints about options are such errors too. */
function worded(error: unknown): string | undefined {
  if (error instanceof UserError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith('ERR_PARSE_ARGS') ? message.replace(/\s+/g, ' ') : undefined;
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`error: ${worded(error) ?? `this is a bug of SeeBetter: ${error instanceof Error ? error.message : String(error)}`}`);
    process.exit(1);
  },
);
