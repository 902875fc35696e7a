import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../data/decode-node';
import { treeOfFiles } from '../data/files-browser';
import { UserError } from '../ir/errors';
import { droppedName, malformedCases, objection, type MalformedCase } from '../testing/malformed';
import { hasShared, shared } from '../testing/shared';
import type { Recognised } from './api';
import { recognise } from './recognise';

/** What a person is told who drops it under the name that such a file has; undefined where nothing is wrong. */
async function refusal(entry: MalformedCase): Promise<unknown> {
  const { file, kind } = entry;
  const path = shared(`malformed/${file}`);
  const blob = (from: string): Blob => new Blob([readFileSync(from)]);
  const name = droppedName(entry);
  const files = statSync(path).isDirectory() ? readdirSync(path).map((inside) => ({ path: inside, blob: blob(`${path}/${inside}`) })) : [{ path: name, blob: blob(path) }];
  try {
    const taken = await recognise(await treeOfFiles(basename(path), files), decodePicture);
    return kind === 'checkpoint' && taken.use === 'none' && files.length === 1 ? new UserError(taken.words, basename(path), '') : undefined;
  } catch (error) {
    return error instanceof UserError ? new UserError(error.message.replaceAll(name, basename(path)), '', '') : error;
  }
}

describe.skipIf(!hasShared)('malformed files on the page (shared/fixtures/malformed)', () => {
  it.each(malformedCases('safetensors', 'image', 'csv', 'json', 'run-config', 'checkpoint'))('$file: $what', { timeout: 60_000 }, async (entry) => {
    expect(objection(entry, await refusal(entry))).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('recognise', () => {
  const of = async (name: string, text: string): Promise<Recognised> => recognise(await treeOfFiles(name, [{ path: name, blob: new Blob([text]) }]), decodePicture);

  it("takes a run's settings", async () => {
    expect(await of('run.json', '{"recipe": "control", "steps": 7, "batch": 2}')).toMatchObject({ use: 'settings', settings: { recipe: 'control', steps: 7, batch: 2 } });
  });

  it('says what a part lacks', async () => {
    expect(await of('scheduler_config.json', readFileSync('public/models/tiny-sd/scheduler/scheduler_config.json', 'utf8'))).toMatchObject({ use: 'none', words: expect.stringContaining('whole model folder') });
  });

  it('refuses what it does not know', async () => {
    await expect(of('notes.txt', 'hello')).rejects.toThrow(/notes\.txt/);
  });
});
