import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../data/decode-node';
import { openFile, openPath } from '../data/files-node';
import type { Executor } from '../executors/executor';
import { createNodeOrt } from '../executors/ort-node';
import { ReferenceExecutor } from '../executors/reference';
import { cast, tensorFrom, toNumbers } from '../ir/tensor';
import { decodeModel } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { malformedCases, namesWhatItShould, objection, type MalformedCase } from '../testing/malformed';
import { hasShared, shared } from '../testing/shared';
import { checkFile, checkTree, type Checked } from './check';

async function check(path: string, as?: string): Promise<Checked> {
  const beside = async (location: string) => (existsSync(join(dirname(path), location)) ? openFile(join(dirname(path), location)) : undefined);
  const tools = { decode: decodePicture, beside };
  return statSync(path).isDirectory() ? checkTree(await openPath(path), tools, as) : checkFile(await openFile(path), tools, as);
}

/** The kind that the corpus means: JSON files by their role. */
function kindOf({ kind, role }: MalformedCase): string {
  return kind === 'json' ? role!.split(' ')[0]! : kind;
}

describe.skipIf(!hasShared)('malformed input (shared/fixtures/malformed)', () => {
  it.each(malformedCases('onnx', 'safetensors', 'image', 'archive', 'parquet', 'csv', 'json', 'run-config', 'checkpoint'))('$file: $what', { timeout: 60_000 }, async (entry) => {
    const { checked, error } = await check(shared(`malformed/${entry.file}`), kindOf(entry)).then((checked) => ({ checked, error: undefined }), (error: unknown) => ({ checked: undefined, error }));
    expect(objection(entry, error)).toBeUndefined();
    if (checked && entry.pictures !== undefined) expect(checked['pictures']).toBe(entry.pictures);
    if (checked && entry.expect !== 'loads' && entry.also?.includes('warning')) expect(namesWhatItShould(checked.warnings!.join('\n'), entry), checked.warnings!.join()).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((globalThis as Record<string, unknown>)['pwned']).toBeUndefined();
  });
});

interface Values { readonly name: string; readonly shape: number[]; readonly data: (number | null)[] }
interface Run { readonly file: string; readonly inputs: Values[]; readonly outputs: Values[] }

const EXECUTORS: Readonly<Record<string, () => Executor>> = { reference: () => new ReferenceExecutor(), ort: createNodeOrt };

describe.skipIf(!hasShared).each(Object.keys(EXECUTORS))('odd but sound models on %s', (kind) => {
  const runs = hasShared ? (JSON.parse(readFileSync(shared('malformed/onnx_runs.json'), 'utf8')) as { runs: Run[] }).runs : [];

  it.each(runs)('$file gives ONNX Runtime\'s outputs', { timeout: 60_000 }, async ({ file, inputs, outputs }) => {
    const path = shared(`malformed/${file}`);
    const model = decodeModel(readFileSync(path), file);
    // A float32 sum of n terms is off by up to n roundings.
    const tolerance = Math.max(1e-5, Math.max(...model.graph.nodes.map((node) => node.inputs.length)) * 2 ** -24);
    const graph = specialise(model, { shapes: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])) });
    const weights = async (ref: Parameters<Parameters<Executor['compile']>[0]['weights']>[0]) =>
      ref.kind === 'bytes' ? ref.bytes : (await openFile(join(dirname(path), ref.location))).read(ref.offset, ref.offset + ref.length);
    const program = await EXECUTORS[kind]!().compile({ graphs: { main: graph }, weights });
    const fed = Object.fromEntries(inputs.map(({ name, shape, data }) => [name, cast(tensorFrom('float32', shape, data.map(Number)), graph.types.get(name)!.dtype)]));
    const results = await program.run('main', fed);
    await program.dispose();
    for (const { name, shape, data } of outputs) {
      const scale = Math.max(1e-30, ...data.map((value) => Math.abs(value ?? 0)));
      expect(results[name]!.shape).toEqual(shape);
      toNumbers(results[name]!).forEach((value, i) => {
        if (data[i] === null) expect(Number.isFinite(value)).toBe(false);
        else expect(Math.abs(value - data[i]!) / scale).toBeLessThan(tolerance);
      });
    }
  });
});

describe.skipIf(!hasShared)('recognition', () => {
  it.each([
    ['mmvp-mini', 'mmvp'], ['models/clip-tiny-legacy', 'clip'], ['models/sd-tiny', 'diffusion'], ['photos/folder', 'pictures'],
    ['mmvp-mini/Questions.csv', 'csv'], ['mmvp-mini/scores.safetensors', 'safetensors'], ['models/clip-tiny-legacy/config.json', 'config.json'], ['models/clip-tiny-legacy/onnx/vision_model.onnx', 'onnx'],
  ])('%s is %s', { timeout: 60_000 }, async (path, kind) => {
    expect((await check(shared(path))).kind).toBe(kind);
  });

  it('opens an archive and says what is in it', async () => {
    expect(await check(shared('mmvp-mini/variants/renamed-folder.zip'))).toMatchObject({ kind: 'archive', contains: 'mmvp', pictures: 270, pairs: 135 });
    expect(await check(shared('malformed/archives/ok.zip'))).toMatchObject({ kind: 'archive', pictures: 3 });
  });

  it('runs a small model and says at which sizes', async () => {
    expect(await check(shared('malformed/onnx/ok.onnx'))).toMatchObject({ kind: 'onnx', nodes: 4, ran: true, inputs: [{ name: 'x', shape: [1, 3] }] });
  });
});
