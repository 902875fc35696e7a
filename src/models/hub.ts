import { z } from 'zod';
import { parseJson } from '../data/json';
import type { FileEntry, FileTree } from '../data/files';
import { UserError } from '../ir/errors';

export interface HubOptions {
  /** A mirror of the Hugging Face hub. */
  readonly endpoint?: string;
  /** Branch, tag or commit. */
  readonly revision?: string;
}

const listing = z.array(z.object({ type: z.string(), path: z.string(), size: z.number().int().min(0) }));

/** A model's repository on the Hugging Face hub ("Xenova/clip-vit-base-patch32"). Files are fetched when they are read. Rejects with a UserError that names repository and file. */
export async function openHub(repository: string, { endpoint = 'https://huggingface.co', revision = 'main' }: HubOptions = {}): Promise<FileTree> {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(repository)) throw new UserError(`"${repository}" is no repository's name`, '', 'Give it as owner/name');
  const files: FileEntry[] = [];
  let page: string | undefined = `${endpoint}/api/models/${repository}/tree/${encodeURIComponent(revision)}?recursive=true`;
  while (page !== undefined) {
    const response: Response = await get(page, repository, {});
    for (const { type, path, size } of parseJson(await response.text(), repository, listing)) if (type === 'file') files.push(remoteFile(`${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}`, repository, path, size));
    page = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return { name: repository, files };
}

function remoteFile(base: string, repository: string, path: string, size: number): FileEntry {
  const url = `${base}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return {
    path,
    size,
    read: async (start = 0, end = size) => {
      const stop = Math.min(end, size);
      if (start >= stop) return new Uint8Array(0);
      const part = start > 0 || stop < size;
      const response = await get(url, `${repository}, ${path}`, part ? { range: `bytes=${start}-${stop - 1}` } : {});
      const bytes = new Uint8Array(await response.arrayBuffer());
      // A server that knows no ranges sends the whole file.
      const wanted = part && response.status === 200 ? bytes.slice(start, stop) : bytes;
      if (wanted.length !== stop - start) throw new UserError(`${wanted.length} bytes came instead of ${stop - start}`, `${repository}, ${path}`, 'Try again: the download was cut off');
      return wanted;
    },
  };
}

async function get(url: string, where: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers });
  } catch (error) {
    throw new UserError(`The hub cannot be reached (${(error as Error).message})`, where, 'Check the connection, or use files from this machine');
  }
  if (response.ok) return response;
  const remedy = response.status === 404 ? 'Check the name' : response.status === 401 || response.status === 403 ? 'Choose a repository that is public, or check the name' : 'Try again later, or use files from this machine';
  throw new UserError(`The hub answers ${response.status} ${response.statusText}`, where, remedy);
}
