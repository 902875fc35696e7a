import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { concatenated } from '../data/bytes';
import { fileInMemory } from '../data/files';
import type { HubLibrary } from '../engine/machine';
import { formatHubName, type HubListing } from '../models/hub';

/** Files by path. */
export type Repository = Readonly<Record<string, Uint8Array | string>>;

export interface HubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** As the hub sends them to other sites. */
const CORS = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash' };

/** Files of this size on lie in LFS, and are answered with the address of a CDN. */
const LARGE = 100_000;

const sha = (algorithm: 'sha1' | 'sha256', ...parts: (string | Uint8Array)[]): string => parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex');

/** A folder's files, for {@link standInHub}. */
export function repositoryOf(folder: string): Repository {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name));
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

interface StoredFile {
  readonly bytes: Buffer;
  readonly hash: string;
  readonly large: boolean;
  readonly blobId: string;
}

/** Answers as the hub does: the API's account of a model with its files, files by commit or branch, large ones by way of a CDN, 401 for what is not there. */
export function standInHub(repositories: Readonly<Record<string, Repository>>, gated: readonly string[] = []): (path: string) => HubAnswer {
  const blobs = new Map<string, Buffer>();
  const known = new Map(Object.entries(repositories).map(([name, files]) => {
    const stored = new Map(Object.entries(files).map(([path, contents]): [string, StoredFile] => {
      const bytes = Buffer.from(contents);
      const blobId = sha('sha1', `blob ${bytes.length}\0`, bytes);
      const large = bytes.length >= LARGE;
      const hash = large ? sha('sha256', bytes) : blobId;
      blobs.set(hash, bytes);
      return [path, { bytes, hash, large, blobId }];
    }));
    return [name, { stored, commit: sha('sha1', [...stored.values()].map(({ hash }) => hash).join()) }];
  }));
  const answer = (status: number, headers: Record<string, string> = {}, body: Buffer | string = ''): HubAnswer => ({ status, headers: { ...CORS, ...headers }, body: Buffer.from(body) });
  return (path) => {
    const cdn = /^\/cdn\/(\w+)$/.exec(path)?.[1];
    if (cdn !== undefined) return answer(200, { 'content-type': 'application/octet-stream', etag: `"${cdn}"` }, blobs.get(cdn));
    const [, api, name = '', revision = '', file = ''] = /^\/(api\/models\/)?([^/]+\/[^/]+)\/(?:revision|resolve)\/([^/?]+)(?:\/([^?]+))?/.exec(path) ?? [];
    const repository = known.get(name);
    if (!repository) return answer(401, { 'x-error-code': 'RepoNotFound' }, '{"error":"Invalid username or password."}');
    const { stored, commit } = repository;
    if (revision !== 'main' && revision !== commit) return answer(404, { 'x-error-code': 'RevisionNotFound' }, `{"error":"Invalid rev id: ${revision}"}`);
    if (api !== undefined) {
      const siblings = [...stored].map(([rfilename, { bytes, hash, large, blobId }]) => ({ rfilename, size: bytes.length, blobId, ...(large && { lfs: { sha256: hash, size: bytes.length, pointerSize: 134 } }) }));
      return answer(200, { 'content-type': 'application/json' }, JSON.stringify({ _id: '0', id: name, modelId: name, private: false, gated: gated.includes(name) ? 'auto' : false, sha: commit, tags: ['license:mit'], cardData: { license: 'mit' }, siblings }));
    }
    const found = stored.get(decodeURIComponent(file));
    if (!found) return answer(404, { 'x-error-code': 'EntryNotFound' }, 'Entry not found');
    const about = { 'x-repo-commit': commit, etag: `"${found.blobId}"`, 'accept-ranges': 'bytes' };
    if (found.large) return answer(302, { ...about, 'x-linked-size': String(found.bytes.length), 'x-linked-etag': `"${found.hash}"`, location: `/cdn/${found.hash}` });
    return answer(200, { ...about, 'content-type': 'text/plain; charset=utf-8' }, found.bytes);
  };
}

/** The part of an answer that a request with this header `Range` gets: from a byte to the end, as the hub and its CDN give it. */
export function partOf(answer: HubAnswer, range: string | undefined): HubAnswer {
  const { length } = answer.body;
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (answer.status !== 200 || start === 0) return answer;
  if (start >= length) return { ...answer, status: 416, body: Buffer.alloc(0) };
  return { status: 206, headers: { ...answer.headers, 'content-range': `bytes ${start}-${length - 1}/${length}` }, body: answer.body.subarray(start) };
}

/** The same on a port of this machine; large files come from another host, as the hub's do. */
export async function serveHub(answerTo: (path: string) => HubAnswer): Promise<{ readonly endpoint: string; readonly asked: string[]; readonly tokens: Set<string | undefined>; close(): void }> {
  const asked: string[] = [];
  const tokens = new Set<string | undefined>();
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    asked.push(request.url! + (range === undefined ? '' : ` ${range}`));
    if (!request.url!.startsWith('/cdn/')) tokens.add(authorization);
    const { status, headers, body } = partOf(answerTo(request.url!), range);
    const elsewhere = headers['location'] && { location: `http://localhost:${(server.address() as AddressInfo).port}${headers['location']}` };
    response.writeHead(status, { ...headers, ...elsewhere, 'content-length': body.length }).end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, tokens,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Keeps downloads as long as it is there itself. */
export function memoryStore(): HubLibrary {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const listings = new Map<string, HubListing>();
  return {
    find: async ({ path, hash, size }) => (files.get(hash)?.length === size ? fileInMemory(path, files.get(hash)!) : undefined),
    keep: async ({ path, hash }, open) => {
      const { start, contents } = await open(files.get(hash)?.length ?? 0);
      files.set(hash, (files.get(hash) ?? new Uint8Array(0)).slice(0, start));
      await contents.pipeTo(new WritableStream({ write: (chunk) => void files.set(hash, concatenated([files.get(hash)!, chunk])) }));
      return fileInMemory(path, files.get(hash)!);
    },
    remember: async (name, listing) => void listings.set(formatHubName(name), listing),
    recall: async (name) => listings.get(formatHubName(name)),
    repositories: async () => [...listings].map(([name, listing]) => ({ name, listing, here: new Map(listing.files.map(({ hash }) => [hash, files.get(hash)?.length ?? 0])) })),
    remove: async (name) => {
      for (const { hash } of listings.get(name)?.files ?? []) files.delete(hash);
      listings.delete(name);
    },
  };
}
