import { describe, expect, it } from 'vitest';
import { createNodeOrt } from '../executors/ort-node';
import type { Folder } from './checkpoint';
import { STAGES, tinyConfig } from './config';
import { pretrain, type Progress } from './run';

function memory(): Folder & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    name: 'memory',
    files,
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, contents) => Promise.resolve(void files.set(name, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents)),
  };
}

const executor = createNodeOrt(1);

describe('pretrain', () => {
  it('trains every stage, and a resumed run is the same bit for bit', { timeout: 180_000 }, async () => {
    const config = tinyConfig(7);
    const longer = { ...config, schedules: { ...config.schedules, vae: { ...config.schedules.vae, steps: 30, end: 20 } } };
    const [whole, parts] = [memory(), memory()];
    const reports: Progress[] = [];
    await pretrain({ config: longer, folder: whole, executor, stages: STAGES, saveEvery: 1e9, onProgress: (progress) => reports.push(progress) });
    expect([...whole.files.keys()].sort()).toEqual(STAGES.flatMap((stage) => [`${stage}.jsonl`, `${stage}.safetensors`]).sort());
    expect(reports.map(({ stage, step }) => [stage, step])).toEqual([['clip-text', 4], ['clip-vision', 4], ['vae', 10], ['vae', 20], ['unet', 4]]);
    const run = (stopped: boolean) => pretrain({ config: longer, folder: parts, executor, stages: ['vae'], saveEvery: 1e9, stopped: () => stopped });
    await run(true);
    const halfway = parts.files.get('vae.safetensors')!;
    await run(false);
    expect(Buffer.compare(halfway, whole.files.get('vae.safetensors')!)).not.toBe(0);
    expect(Buffer.compare(parts.files.get('vae.safetensors')!, whole.files.get('vae.safetensors')!)).toBe(0);
    const steps = new TextDecoder().decode(parts.files.get('vae.jsonl')).trim().split('\n').map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual([10, 20]);
  });

  it('refuses what it cannot go on from', async () => {
    const folder = memory();
    const config = tinyConfig(7);
    const run = (changed: object, stages = STAGES.slice(2, 3)) => pretrain({ config: { ...config, ...changed }, folder, executor, stages, saveEvery: 1e9 });
    await expect(run({}, STAGES.slice(3))).rejects.toThrow('The stage clip-text is not begun');
    await run({});
    await expect(run({ seed: 8 })).rejects.toThrow('The checkpoint was made with another configuration: seed is 7 there and 8 here. memory/vae.safetensors. Choose another folder');
    folder.files.set('vae.safetensors', folder.files.get('vae.safetensors')!.slice(0, 2000));
    await expect(run({})).rejects.toThrow('memory/vae.safetensors');
  });
});
