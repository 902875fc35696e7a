import { mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
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
  const { commit } = await openHub(name, hub());
  return BY_NAME + formatHubName({ repository: name.repository, revision: commit });
}

async function openModel(location: string, kind: ModelKind): Promise<FileTree> {
  if (!location.startsWith(BY_NAME)) return openPath(location);
  const tree = await openHub(parseHubName(location), hub());
  let told = 0;
  await download(neededFiles(tree, kind), (done, total) => {
    const now = performance.now();
    if (done < total ? now - told < 1000 : told === 0) return;
    told = now;
    console.error(`${location}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`);
  });
  return tree;
}

/** As the hub's own clients take it: HF_ENDPOINT names a mirror. */
function hub(): Hub {
  return { endpoint: (process.env['HF_ENDPOINT'] || HUB_ENDPOINT).replace(/\/+$/, ''), store: cache };
}

/** Shared with the hub's other clients, which look for a file by its hash too: https://huggingface.co/docs/hub/local-cache. */
const cache: HubStore = {
  async find(file) {
    const { blob } = placesOf(file);
    const found = await stat(blob).catch(() => undefined);
    if (found?.size !== file.size) return undefined;
    await link(file);
    return openFile(blob);
  },
  async keep(file, contents) {
    const { blob } = placesOf(file);
    const partial = `${blob}.${process.pid}.incomplete`;
    try {
      await mkdir(dirname(blob), { recursive: true });
      await pipeline(Readable.fromWeb(contents as ReadableStream), createWriteStream(partial));
      await rename(partial, blob);
      await link(file);
    } catch (error) {
      await rm(partial, { force: true });
      const { code } = error as NodeJS.ErrnoException;
      if (!['ENOSPC', 'EACCES', 'EROFS', 'EDQUOT', 'ENOTDIR'].includes(code ?? '')) throw error;
      throw new UserError(`The download cannot be kept (${code})`, blob, 'Set HF_HUB_CACHE to a folder with room that can be written');
    }
    return openFile(blob);
  },
};

/** `snapshots/<commit>` shows the files under their names. Where it cannot, the blobs serve by themselves. */
async function link(file: HubFileId): Promise<void> {
  const { blob, shown } = placesOf(file);
  await mkdir(dirname(shown), { recursive: true }).then(() => symlink(relative(dirname(shown), blob), shown)).catch(() => undefined);
}

function placesOf({ repository, commit, path, hash }: HubFileId): { readonly blob: string; readonly shown: string } {
  const home = process.env['HF_HOME'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
  const folder = join(process.env['HF_HUB_CACHE'] || join(home, 'hub'), `models--${repository.replace('/', '--')}`);
  return { blob: join(folder, 'blobs', hash), shown: join(folder, 'snapshots', commit, path) };
}
