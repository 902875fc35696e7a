import { lstat, mkdtemp, readdir, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPath } from '../data/files-node';
import { repositoryOf, serveHub, standInHub } from '../testing/stand-in-hub';
import { fixedLocation, openClip, openDiffusion } from './model';

let server: Awaited<ReturnType<typeof serveHub>>;
let cache: string;

beforeAll(async () => {
  server = await serveHub(standInHub({ 'nano/clip': repositoryOf('public/models/nano-clip'), 'nano/sd': repositoryOf('public/models/nano-sd') }));
  cache = await mkdtemp(join(tmpdir(), 'seebetter-hub-'));
  vi.stubEnv('HF_ENDPOINT', `${server.endpoint}/`);
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterAll(async () => {
  server.close();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(cache, { recursive: true });
});

describe('a model on the command line', () => {
  it('comes from the hub by name, once, into the cache that the hub\'s clients share', async () => {
    const pinned = await fixedLocation('hf:nano/clip');
    expect(pinned).toMatch(/^hf:nano\/clip@[0-9a-f]{40}$/);
    expect((await openClip(pinned)).name).toBe('clip');
    const snapshot = join(cache, 'models--nano--clip', 'snapshots', pinned.split('@')[1]!);
    expect((await lstat(join(snapshot, 'onnx/vision_model.onnx'))).isSymbolicLink()).toBe(true);
    expect((await openPath(snapshot)).files.map(({ path }) => path)).toContain('onnx/vision_model.onnx');
    expect((await readdir(join(cache, 'models--nano--clip', 'blobs'))).length).toBe(7);
    server.asked.length = 0;
    expect((await openClip('hf:nano/clip')).name).toBe('clip');
    expect(server.asked).toEqual(['/api/models/nano/clip/revision/main?blobs=true']);
    expect((await openDiffusion('hf:nano/sd@main')).name).toBe('sd');
  });

  it('is taken from the cache where the hub cannot be reached, whoever filled it', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    expect((await openClip('hf:nano/clip')).name).toBe('clip');
    expect(console.error).toHaveBeenCalledWith(expect.stringMatching(/hf:nano\/clip: the hub cannot be reached; taking what is in the cache/));
    await rm(join(cache, 'models--nano--clip', 'snapshots'), { recursive: true });
    await expect(openClip('hf:nano/clip')).rejects.toThrow(/cannot be reached/);
    vi.stubEnv('HF_ENDPOINT', server.endpoint);
  });

  it('goes on with a download that was broken off, in the name of the account', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    const blobs = join(cache, 'models--nano--clip', 'blobs');
    const [largest] = (await Promise.all((await readdir(blobs)).map(async (name) => ({ path: join(blobs, name), size: (await lstat(join(blobs, name))).size })))).sort((a, b) => b.size - a.size);
    await rename(largest!.path, `${largest!.path}.incomplete`);
    await truncate(`${largest!.path}.incomplete`, 1000);
    server.asked.length = 0;
    server.tokens.clear();
    expect((await openClip('hf:nano/clip')).name).toBe('clip');
    expect(server.asked.filter((url) => url.includes('/resolve/'))).toEqual([expect.stringMatching(/\.onnx bytes=1000-$/)]);
    expect([[...server.tokens], (await lstat(largest!.path)).size]).toEqual([['Bearer hf_secret'], largest!.size]);
  });

  it('is a folder otherwise', async () => {
    expect(await fixedLocation('public/models/nano-clip')).toBe(resolve('public/models/nano-clip'));
    expect((await openClip('public/models/nano-clip')).name).toBe('nano-clip');
    await expect(openClip('hf:nano/absent')).rejects.toThrow(/no such public repository/);
  });
});
