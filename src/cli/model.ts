import { mkdir, open as openHandle, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { FileTree } from '../data/files';
import { openFile, openPath } from '../data/files-node';
import { UserError } from '../ir/errors';
import { loadClip, type ClipModel } from '../models/clip';
import { loadDiffusion, type DiffusionModel } from '../models/diffusion';
import { formatHubName, HUB_ENDPOINT, openHub, parseHubName, type Hub, type HubFileId, type HubStore } from '../models/hub';
import { download, neededFiles, type ModelKind } from '../models/hub-model';

const BY_NAME = 'hf:';

/** A CLIP by its folder, or as hf:owner/name[@revision]. */
export async function openClip(location: string): Promise<ClipModel> {
  return loadClip(await openModel(location, 'clip'));
}

/** A diffusion model by its folder, or as hf:owner/name[@revision]. */
export async function openDiffusion(location: string): Promise<DiffusionModel> {
  return loadDiffusion(await openModel(location, 'diffusion'));
}

/** What finds the same model again, from any folder and when its branch has moved on: an absolute path, or its commit on the hub. */
export async function fixedLocation(location: string): Promise<string> {
  if (!location.startsWith(BY_NAME)) return resolve(location);
  const name = parseHubName(location);
  const { commit } = await openHub(name, await hub());
  return BY_NAME + formatHubName({ repository: name.repository, revision: commit });
}

async function openModel(location: string, kind: ModelKind): Promise<FileTree> {
  if (!location.startsWith(BY_NAME)) return openPath(location);
  const tree = await openHub(parseHubName(location), await hub());
  if (tree.recalled) console.error(`${location}: the hub cannot be reached; taking what is in the cache`);
  let told = 0;
  await download(neededFiles(tree, kind), (done, total) => {
    const now = performance.now();
    if (done < total ? now - told < 1000 : told === 0) return;
    told = now;
    console.error(`${location}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`);
  });
  return tree;
}

/** As the hub's own clients take it: HF_ENDPOINT names a mirror, HF_TOKEN or the file `token` a person's account. */
async function hub(): Promise<Hub> {
  const token = process.env['HF_TOKEN'] || (await readFile(process.env['HF_TOKEN_PATH'] || join(home(), 'token'), 'utf8').catch(() => ''));
  return { endpoint: (process.env['HF_ENDPOINT'] || HUB_ENDPOINT).replace(/\/+$/, ''), store: cache, token: token.trim() || undefined };
}

/** Shared with the hub's other clients, which look for a file by its hash and for a branch's commit too: https://huggingface.co/docs/hub/local-cache. */
const cache: HubStore = {
  async find(file) {
    const { blob } = placesOf(file);
    const found = await stat(blob).catch(() => undefined);
    if (found?.size !== file.size) return undefined;
    await link(file);
    return openFile(blob);
  },
  async keep(file, open) {
    const { blob } = placesOf(file);
    const partial = `${blob}.incomplete`;
    try {
      await mkdir(dirname(blob), { recursive: true });
      const { start, contents } = await open((await stat(partial).catch(() => undefined))?.size ?? 0);
      // Never cut short: another process may be writing the same bytes to the same places.
      const target = await openHandle(partial, constants.O_WRONLY | constants.O_CREAT);
      await pipeline(Readable.fromWeb(contents as ReadableStream), target.createWriteStream({ start }));
      // Another process may have been first.
      await rename(partial, blob).catch((error: unknown) => stat(blob).catch(() => Promise.reject(error as Error)));
      await link(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!['ENOSPC', 'EACCES', 'EROFS', 'EDQUOT', 'ENOTDIR'].includes(code ?? '')) throw error;
      throw new UserError(`The download cannot be kept (${code})`, blob, 'Set HF_HUB_CACHE to a folder with room that can be written');
    }
    return openFile(blob);
  },
  async remember({ repository, revision }, { commit }) {
    if (revision === commit) return;
    const ref = join(folderOf(repository), 'refs', revision);
    await mkdir(dirname(ref), { recursive: true }).then(() => writeFile(ref, commit)).catch(() => undefined);
  },
  async recall({ repository, revision }) {
    const folder = folderOf(repository);
    const commit = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => revision);
    const snapshot = join(folder, 'snapshots', commit);
    const names = await readdir(snapshot, { recursive: true }).catch(() => []);
    const files = await Promise.all(names.map(async (name) => {
      const blob = await readlink(join(snapshot, name)).catch(() => undefined);
      return blob === undefined ? [] : [{ path: name.split(sep).join('/'), hash: basename(blob), size: (await stat(join(snapshot, name))).size }];
    }));
    return names.length ? { commit, files: files.flat() } : undefined;
  },
};

/** `snapshots/<commit>` shows the files under their names. Where it cannot, the blobs serve by themselves. */
async function link(file: HubFileId): Promise<void> {
  const { blob, shown } = placesOf(file);
  await mkdir(dirname(shown), { recursive: true }).then(() => symlink(relative(dirname(shown), blob), shown)).catch(() => undefined);
}

function placesOf({ repository, commit, path, hash }: HubFileId): { readonly blob: string; readonly shown: string } {
  const folder = folderOf(repository);
  return { blob: join(folder, 'blobs', hash), shown: join(folder, 'snapshots', commit, path) };
}

function folderOf(repository: string): string {
  return join(process.env['HF_HUB_CACHE'] || join(home(), 'hub'), `models--${repository.replace('/', '--')}`);
}

function home(): string {
  return process.env['HF_HOME'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
}
