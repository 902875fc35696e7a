/**
 * A model's repository on the Hugging Face hub, by two plain GETs: one answer has the names, sizes and hashes of all files, and each file comes whole from its address.
 * The library @huggingface/hub would add uploads, tokens and Xet's chunk protocol (275 kB and a second WebAssembly module), which nobody here needs, and not the keeping of files in a browser.
 */
import { z } from 'zod';
import { concatenated } from '../data/bytes';
import { parseJson } from '../data/json';
import type { FileEntry, FileTree } from '../data/files';
import { UserError } from '../ir/errors';

/** Which repository, and which branch, tag or commit of it. */
export interface HubName {
  readonly repository: string;
  readonly revision: string;
}

/** A file as the hub knows it. */
export interface HubFileId {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  /** Of the contents, in hexadecimal: SHA-256 of a large file, git's own hash of a small one. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
}

/** What a repository holds at a commit. */
export interface HubListing {
  readonly commit: string;
  /** As the model's card names it. */
  readonly licence?: string | undefined;
  readonly files: readonly Pick<HubFileId, 'path' | 'hash' | 'size'>[];
}

export type Stored = Pick<FileEntry, 'read'>;

/** A file's contents from the byte `start` on, or from 0 on where the hub gives no parts. What it gives is of the file and no longer than it. */
export type OpenContents = (start: number) => Promise<{ readonly start: number; readonly contents: ReadableStream<Uint8Array<ArrayBuffer>> }>;

/** Where files stay once they are downloaded. */
export interface HubStore {
  /** Undefined where the file is not here whole. */
  find(file: HubFileId): Promise<Stored | undefined>;
  /** Goes on from what is here of the file. Rejects as `open` and its contents do, and what has come by then stays. */
  keep(file: HubFileId, open: OpenContents): Promise<Stored>;
  /** What the hub said of a name; a store that cannot keep it lets it be. */
  remember(name: HubName, listing: HubListing): Promise<void>;
  /** The last of what was remembered, or as much of it as can be told from the files that are here. */
  recall(name: HubName): Promise<HubListing | undefined>;
}

export interface Hub {
  /** The hub's address or a mirror's, without a slash at its end. */
  readonly endpoint: string;
  readonly store: HubStore;
  /** Of a person's account, for what strangers may not have. */
  readonly token?: string | undefined;
}

export interface Transfer {
  /** Bytes that have come since the last call. */
  readonly report?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface HubFile extends FileEntry {
  /** Whether it need not be downloaded. */
  here(): Promise<boolean>;
  /** Reading does the same. */
  download(transfer?: Transfer): Promise<void>;
}

export interface HubTree extends FileTree {
  readonly files: readonly HubFile[];
  readonly commit: string;
  readonly licence?: string | undefined;
  /** Set where the hub could not be reached, and this is what is known of the repository from an earlier time. */
  readonly recalled?: true;
}

export const HUB_ENDPOINT = 'https://huggingface.co';

const NAME = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@(\S+))?$/;
const ADDRESS = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/([\w-][\w.-]*\/[\w-][\w.-]*)(?:\/(?:tree|blob|resolve|commit)\/([^/?#\s]+))?(?:[/?#].*)?$/;

/** Reads `owner/name`, `owner/name@revision`, either with `hf:` before it, or the address of the repository's page. Throws a UserError for anything else. */
export function parseHubName(text: string): HubName {
  const given = text.trim().replace(/^hf:(\/\/)?/, '').replace(/\/+$/, '');
  const [, repository, revision = 'main'] = ADDRESS.exec(given) ?? NAME.exec(given) ?? [];
  if (repository === undefined) throw new UserError(`"${text}" is no repository's name`, 'Hugging Face hub', 'Give it as owner/name, for example Xenova/clip-vit-base-patch32, or as the address of its page');
  if (/^(datasets|spaces)\//.test(repository)) throw new UserError(`"${text}" is not a model`, 'Hugging Face hub', 'Give the repository of a model');
  return { repository, revision: revision.replaceAll(/%2f/gi, '/') };
}

/** The name that {@link parseHubName} reads as this. */
export function formatHubName({ repository, revision }: HubName): string {
  return revision === 'main' ? repository : `${repository}@${revision}`;
}

const hash = z.string().regex(/^[0-9a-f]{40,64}$/);
const size = z.number().int().min(0);
const path = z.string().refine((text) => text.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), 'expected a path inside the repository');
const modelInfo = z.object({
  sha: hash,
  gated: z.union([z.boolean(), z.string()]).default(false),
  cardData: z.object({ license: z.unknown(), license_name: z.unknown() }).partial().nullish(),
  siblings: z.array(z.object({ rfilename: path, blobId: hash, size, lfs: z.object({ sha256: hash, size }).nullish() })),
});

/**
 * Lists a repository; where the hub cannot be reached, as it was when it last could. Its files are downloaded whole when they are first read, and found in the store later on.
 * Rejects with a UserError that names repository, file and remedy.
 */
export async function openHub(name: HubName, hub: Hub, signal?: AbortSignal): Promise<HubTree> {
  const { listing, recalled } = await listed(name, hub, signal);
  return { ...treeOf(name, listing, hub), ...(recalled && { recalled }) };
}

/** A repository of which the listing is known. */
export function treeOf({ repository }: HubName, { commit, licence, files }: HubListing, hub: Hub): HubTree {
  return { name: repository, commit, licence, files: files.map((file) => remoteFile({ repository, commit, ...file }, hub)) };
}

async function listed(name: HubName, hub: Hub, signal?: AbortSignal): Promise<{ readonly listing: HubListing; readonly recalled?: true }> {
  try {
    const listing = await askForListing(name, hub, signal);
    await hub.store.remember(name, listing);
    return { listing };
  } catch (error) {
    const listing = error instanceof Unreachable ? await hub.store.recall(name) : undefined;
    if (listing) return { listing, recalled: true };
    throw error;
  }
}

async function askForListing(name: HubName, { endpoint, token }: Hub, signal?: AbortSignal): Promise<HubListing> {
  const { repository, revision } = name;
  const where = formatHubName(name);
  const response = await get(`${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`, where, { token, signal });
  const { sha, gated, cardData, siblings } = parseJson(await response.text().catch((error: unknown) => brokenOff(error, where)), `the hub's answer about ${where}`, modelInfo, 'Try again later');
  if (gated !== false && token === undefined) throw new UserError('The repository is gated: its files are only for those who are logged in and have agreed to its terms', where, 'Download it there and give its folder, or choose another repository');
  const licence = [cardData?.license_name, cardData?.license].flat().find((known) => typeof known === 'string');
  return { commit: sha, licence, files: siblings.map(({ rfilename: path, blobId, size, lfs }) => ({ path, hash: lfs?.sha256 ?? blobId, size: lfs?.size ?? size })) };
}

function remoteFile(id: HubFileId, { endpoint, store, token }: Hub): HubFile {
  const { repository, commit, path, size } = id;
  const where = `${repository}, ${path}`;
  let stored: Promise<Stored> | undefined;
  const fetched = async ({ report, signal }: Transfer): Promise<Stored> => {
    const found = await store.find(id);
    if (found) {
      report?.(size);
      return found;
    }
    const open: OpenContents = async (here) => {
      const response = await get(`${endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`, where, { token, signal, start: here < size ? here : 0 });
      const start = response.status === 206 ? here : 0;
      report?.(start);
      return { start, contents: response.body!.pipeThrough(whole(start, size, where, report)) };
    };
    return store.keep(id, open).catch((error: unknown) => brokenOff(error, where));
  };
  const obtain = (transfer: Transfer): Promise<Stored> => (stored ??= fetched(transfer).catch((error: unknown) => {
    stored = undefined;
    throw error;
  }));
  return {
    path,
    size,
    read: async (start, end) => (await obtain({})).read(start, end),
    here: async () => (await store.find(id)) !== undefined,
    download: async (transfer = {}) => void (await obtain(transfer)),
  };
}

/** What stands in git in place of a file in LFS. */
const POINTER = 'version https://git-lfs';

/** Lets the file from `start` on through, and fails before anything that is not of it, and at its end unless that was all of it. */
function whole(start: number, size: number, where: string, report: Transfer['report']): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let done = start;
  /** Held back until it is long enough to tell; undefined once it has been told. */
  let head = start === 0 ? new Uint8Array(0) : undefined;
  return new TransformStream({
    transform(chunk, controller) {
      const ready = head ? concatenated([head, chunk]) : chunk;
      if (head && new TextDecoder('latin1').decode(ready.subarray(0, POINTER.length)) === POINTER) throw new UserError('A Git LFS pointer came in place of the file it stands for', where, 'The file was never pushed: choose another repository');
      done += chunk.length;
      if (done > size) throw new UserError(`More came than the ${size} bytes of the file`, where, 'Try again later');
      report?.(chunk.length);
      head = head && ready.length < POINTER.length ? ready : undefined;
      if (!head) controller.enqueue(ready);
    },
    flush(controller) {
      if (head?.length) controller.enqueue(head);
      if (done !== size) throw new UserError(`The download was cut off: ${done} bytes came instead of ${size}`, where, GOES_ON);
    },
  });
}

const GOES_ON = 'Try again: it goes on where it broke off';

function brokenOff(error: unknown, where: string): never {
  if (error instanceof UserError) throw error;
  if ((error as Error).name === 'AbortError') throw new UserError('The download was cancelled', where, 'What has come is kept, and the next download goes on from there');
  throw new UserError(`The download broke off (${(error as Error).message})`, where, `Check the connection. ${GOES_ON}`);
}

class Unreachable extends UserError {}

interface Request {
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The first byte that is wanted. */
  readonly start?: number;
}

async function get(url: string, where: string, { token, signal, start = 0 }: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: signal ?? null, headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(start > 0 && { range: `bytes=${start}-` }) } });
  } catch (error) {
    if ((error as Error).name === 'AbortError') brokenOff(error, where);
    throw new Unreachable(`${new URL(url).host} cannot be reached (${(error as Error).message})`, where, 'Check the connection, or use files from this machine');
  }
  if (response.ok) return response;
  const { status, statusText } = response;
  if (status === 416 && start > 0) return get(url, where, { token, signal });
  // The hub does not tell strangers whether a private repository is there.
  if (status === 401 || status === 403) throw new UserError(`There is no such public repository (the hub answers ${status})`, where, 'Check the name, capital letters too; download a private or gated one there, and give its folder');
  if (status === 404) throw new UserError('There is no such repository, revision or file (the hub answers 404)', where, 'Check the name, and the revision if one is given');
  throw new UserError(`The hub answers ${status} ${statusText}`, where, status === 429 ? 'Too many have asked from this address: try again in some minutes' : 'Try again later, or use files from this machine');
}
