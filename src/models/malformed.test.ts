import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openPath } from '../data/files-node';
import { UserError } from '../ir/errors';
import { hasShared, shared } from '../testing/shared';
import { verifyCheckpoint } from './checkpoint';
import { parseClipConfig, parseSchedulerConfig } from './config';
import { parseTokenizer } from './tokenizer';

interface Entry { file: string; kind: string; role?: string; what: string; expect: string; names?: string[]; also?: string }

const index = hasShared ? (JSON.parse(readFileSync(shared('malformed/index.json'), 'utf8')) as { files: Entry[] }).files : [];

const READERS: Readonly<Record<string, (source: string, file: string) => unknown>> = {
  'config.json of a CLIP': parseClipConfig,
  'tokenizer.json': (source, file) => parseTokenizer(source, file).encode('a ab __proto__ constructor'),
  'scheduler_config.json': parseSchedulerConfig,
};

function holdsTo(entry: Entry, error: unknown): void {
  if (entry.expect === 'loads' || entry.expect === 'either') {
    if (error !== undefined && entry.expect === 'loads' && !entry.also?.startsWith('clear error')) throw error;
    if (error === undefined) return;
  } else if (error === undefined) {
    expect(entry.also).toMatch(/loads|either/);
    return;
  }
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toContain(entry.kind === 'checkpoint' ? (entry.file.endsWith('no_config') ? 'config.json' : 'model.safetensors') : entry.file.split('/').at(-1));
  expect(message).not.toMatch(/\n| at .*:\d+:\d+/);
  const names = (entry.names ?? []).filter(Boolean);
  if (names.length) expect(names.some((name) => message.toLowerCase().includes(name.toLowerCase())), `${message} names one of ${names.join(', ')}`).toBe(true);
}

async function attempt(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing was thrown');
  }
}

const configs = index.filter(({ kind, role }) => kind === 'json' && role !== undefined && role in READERS);

describe.skipIf(!hasShared)('malformed configs and tokenizers (shared/fixtures/malformed)', () => {
  it.each(configs)('$file: $what', async (entry) => {
    const source = readFileSync(shared(`malformed/${entry.file}`), 'utf8');
    holdsTo(entry, await attempt(() => READERS[entry.role!]!(source, entry.file)));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe.skipIf(!hasShared)('malformed checkpoints (shared/fixtures/malformed)', () => {
  it.each(index.filter(({ kind }) => kind === 'checkpoint'))('$file: $what', async (entry) => {
    holdsTo(entry, await attempt(async () => verifyCheckpoint(await openPath(shared(`malformed/${entry.file}`)))));
  });
});
