import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFile } from '../data/files';
import { memoryStore, repositoryOf, serveHub, standInHub, type HubAnswer } from '../testing/stand-in-hub';
import { loadClip } from './clip';
import { loadDiffusion } from './diffusion';
import { formatHubName, openHub, parseHubName, type Hub, type HubName } from './hub';
import { download, neededFiles } from './hub-model';

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n';
const clip = repositoryOf('public/models/nano-clip');
const junk = { 'pytorch_model.bin': 'x', 'onnx/model.onnx': 'x', 'onnx/vision_model_quantized.onnx': 'x', 'onnx/text_model_fp16.onnx': 'x', 'README.md': 'x' };
const repositories = {
  'nano/clip': { ...clip, ...junk },
  'nano/sd': { ...repositoryOf('public/models/nano-sd'), 'unet/diffusion_pytorch_model.safetensors': 'x', 'vae_decoder/model_fp16.onnx': 'x' },
  'nano/torch': { 'config.json': clip['config.json']!, 'pytorch_model.bin': 'x' },
  'nano/gated': { 'config.json': '{}' },
  'nano/odd': { 'a pointer.onnx': POINTER, 'short.bin': 'x'.repeat(9), 'empty.txt': '' },
};
const answers = standInHub(repositories, ['nano/gated']);
/** A mirror that has a file shorter than the hub says. */
const answer = (path: string): HubAnswer => ({ ...answers(path), ...(path.endsWith('short.bin') && { body: Buffer.from('xxxxx') }) });

let server: Awaited<ReturnType<typeof serveHub>>;
let hub: Hub;
const named = (repository: string, revision = 'main'): HubName => ({ repository, revision });

beforeAll(async () => {
  server = await serveHub(answer);
  hub = { endpoint: server.endpoint, store: memoryStore() };
});

afterAll(() => server.close());

describe('a repository\'s name', () => {
  it('is read from what a person types or pastes', () => {
    for (const [text, name] of Object.entries({
      'Xenova/clip-vit-base-patch32': 'Xenova/clip-vit-base-patch32', ' a/b@v1.0 ': 'a/b@v1.0', 'hf:a/b@refs/pr/1': 'a/b@refs/pr/1', 'hf://a/b': 'a/b', 'https://huggingface.co/a/b': 'a/b', 'huggingface.co/a/b/': 'a/b',
      'https://hf.co/a/b/tree/dev': 'a/b@dev', 'https://huggingface.co/a/b/blob/refs%2Fpr%2F1/onnx/x.onnx': 'a/b@refs/pr/1', 'https://huggingface.co/a/b?library=x#y': 'a/b', 'a/b@main': 'a/b',
    })) expect(formatHubName(parseHubName(text))).toBe(name);
    for (const text of ['', 'clip', '../etc', 'a/b/c', 'a b/c', 'https://example.com/a/b', 'https://huggingface.co/a']) expect(() => parseHubName(text)).toThrow(/is no repository's name.*owner\/name/);
    expect(() => parseHubName('https://huggingface.co/datasets/a/b')).toThrow(/not a model/);
  });
});

describe('a repository', () => {
  it('gives a model from the files that it needs, and each of them is asked for once', async () => {
    for (const visit of [1, 2]) {
      server.asked.length = 0;
      const tree = await openHub(named('nano/clip'), hub);
      const files = neededFiles(tree, 'clip');
      expect(files.map(({ path }) => path).sort()).toEqual(Object.keys(clip).filter((path) => path !== 'model.safetensors').sort());
      const reports: [number, number][] = [];
      await download(files, (...report) => reports.push(report));
      const total = files.reduce((sum, { size }) => sum + size, 0);
      expect(reports.at(-1)).toEqual([total, total]);
      expect((await loadClip(tree)).name).toBe('clip');
      expect([tree.licence, tree.commit.length, await files[0]!.here()]).toEqual(['mit', 40, true]);
      expect(server.asked.filter((url) => url.includes('/resolve/')).length).toBe(visit === 1 ? files.length : 0);
      expect([...new Set(server.asked)].length).toBe(server.asked.length);
    }
  });

  it('gives a diffusion model of a commit', async () => {
    const { commit } = await openHub(named('nano/sd'), hub);
    const tree = await openHub(named('nano/sd', commit), hub);
    const files = neededFiles(tree, 'diffusion');
    expect(files.map(({ path }) => path)).not.toContain('vae_decoder/model.onnx');
    await download(files, () => undefined);
    server.asked.length = 0;
    expect((await loadDiffusion(tree)).name).toBe('sd');
    expect(server.asked).toEqual([]);
  });

  it('is refused in words before anything is downloaded', async () => {
    const refused = async (name: HubName, words: RegExp): Promise<void> => expect(openHub(name, hub)).rejects.toThrow(words);
    await refused(named('nano/absent'), /no such public repository.*nano\/absent.*Check the name/);
    await refused(named('nano/clip', 'v9'), /no such repository, revision or file.*nano\/clip@v9/);
    await refused(named('nano/gated'), /gated.*nano\/gated.*give its folder/);
    await expect(openHub(named('a/b'), { ...hub, endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(/127\.0\.0\.1:1 cannot be reached.*a\/b.*connection/);
    const torch = await openHub(named('nano/torch'), hub);
    expect(() => neededFiles(torch, 'clip')).toThrow(/onnx\/vision_model\.onnx is missing.*nano\/torch.*Xenova\//);
    expect(() => neededFiles(torch, 'diffusion')).toThrow(/unet\/model\.onnx is missing.*nano\/torch.*Optimum/);
  });

  it('keeps nothing that is not of a file, and can be asked again', async () => {
    const tree = await openHub(named('nano/odd'), hub);
    const file = (path: string) => findFile(tree, path)! as (typeof tree.files)[number];
    expect((await file('empty.txt').read()).length).toBe(0);
    await expect(file('a pointer.onnx').read()).rejects.toThrow(/LFS pointer.*nano\/odd, a pointer\.onnx.*another repository/);
    await expect(file('a pointer.onnx').read(), 'from its beginning again').rejects.toThrow(/LFS pointer/);
    for (const time of [1, 2]) await expect(file('short.bin').read(), `time ${time}`).rejects.toThrow(/cut off: 5 bytes came instead of 9.*nano\/odd, short\.bin.*Try again/);
    expect(await file('short.bin').here()).toBe(false);
  });

  it('goes on with a file where its download broke off', async () => {
    const [weights] = neededFiles(await openHub(named('nano/clip'), { ...hub, store: memoryStore() }), 'clip').filter(({ path }) => path.endsWith('.onnx'));
    const cancelled = new AbortController();
    let came = 0;
    const report = (bytes: number): void => {
      came += bytes;
      if (came > 0) cancelled.abort();
    };
    await expect(weights!.download({ report, signal: cancelled.signal })).rejects.toThrow(/cancelled.*text_model.*goes on from there/);
    expect([came > 0, came < weights!.size, await weights!.here()]).toEqual([true, true, false]);
    server.asked.length = 0;
    const reports: number[] = [];
    await weights!.download({ report: (bytes) => reports.push(bytes) });
    expect(server.asked[0]).toMatch(/onnx\/text_model\.onnx bytes=\d+-$/);
    expect([reports[0]! > 0, reports.reduce((sum, bytes) => sum + bytes, 0)]).toEqual([true, weights!.size]);
    expect(Buffer.from(await weights!.read()).equals(Buffer.from(clip[weights!.path]!))).toBe(true);
  });

  it('is what it was, where the hub cannot be reached', async () => {
    const store = memoryStore();
    await download(neededFiles(await openHub(named('nano/clip'), { ...hub, store }), 'clip'), () => undefined);
    const away = { endpoint: 'http://127.0.0.1:1', store };
    const tree = await openHub(named('nano/clip'), away);
    expect([tree.recalled, (await loadClip(tree)).name]).toEqual([true, 'clip']);
    expect(() => neededFiles({ ...tree, files: tree.files.filter(({ path }) => !path.startsWith('onnx/text_model')) }, 'clip')).toThrow(/onnx\/text_model\.onnx is missing, and the hub cannot be reached.*Check the connection/);
    await expect(openHub(named('nano/sd'), away)).rejects.toThrow(/cannot be reached/);
  });

  it('asks for what strangers may not have in the name of an account', async () => {
    server.tokens.clear();
    const tree = await openHub(named('nano/gated'), { ...hub, token: 'hf_secret' });
    expect((await tree.files[0]!.read()).length).toBe(2);
    expect([...server.tokens]).toEqual(['Bearer hf_secret']);
  });
});
