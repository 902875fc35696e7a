import type { FileTree } from '../data/files';
import { UserError } from '../ir/errors';
import { formatHubName, openHub, parseHubName, treeOf } from '../models/hub';
import { download, MODEL_KINDS, neededFiles, neededPaths } from '../models/hub-model';
import type { EngineEvent, HubModel, HubOffer, ModelKind } from './api';
import type { Machine } from './machine';

/** Models that come from the hub by name. */
export class Downloads {
  private readonly underWay = new Map<ModelKind, AbortController>();

  constructor(
    private readonly hub: Machine['hub'],
    private readonly emit: (event: EngineEvent) => void,
  ) {}

  async offer(kind: ModelKind, text: string): Promise<HubOffer> {
    const name = parseHubName(text);
    const tree = await openHub(name, this.hub);
    const files = neededFiles(tree, kind);
    const here = await Promise.all(files.map((file) => file.here()));
    const bytes = (wanted: typeof files): number => wanted.reduce((sum, { size }) => sum + size, 0);
    return { name: formatHubName(name), files: files.length, bytes: bytes(files), missing: bytes(files.filter((_, i) => !here[i])), ...(tree.licence !== undefined && { licence: tree.licence }) };
  }

  /** A repository of which everything that the model needs is here. */
  async tree(kind: ModelKind, name: string): Promise<FileTree> {
    const cancelling = new AbortController();
    this.underWay.set(kind, cancelling);
    try {
      const tree = await openHub(parseHubName(name), this.hub, cancelling.signal);
      await download(neededFiles(tree, kind), (done, total) => this.emit({ kind: 'download', model: kind, done, total }), cancelling.signal);
      return tree;
    } finally {
      if (this.underWay.get(kind) === cancelling) this.underWay.delete(kind);
    }
  }

  /** What the store has of models; a repository that is none, or has nothing here, is left out. */
  async models(): Promise<readonly HubModel[]> {
    const found = await this.hub.store.repositories();
    return found.flatMap(({ name, listing, here }) =>
      MODEL_KINDS.flatMap((kind) => {
        const paths = pathsOf(treeOf(parseHubName(name), listing, this.hub), kind);
        const files = listing.files.filter(({ path }) => paths.has(path));
        const [bytes, has] = [files.reduce((sum, { size }) => sum + size, 0), files.reduce((sum, { hash }) => sum + (here.get(hash) ?? 0), 0)];
        return has ? [{ name, kind, bytes, here: has }] : [];
      }),
    );
  }

  cancel(kind: ModelKind): void {
    this.underWay.get(kind)?.abort();
  }
}

/** None where it is no model of that kind. */
function pathsOf(tree: FileTree, kind: ModelKind): ReadonlySet<string> {
  try {
    return neededPaths(tree, kind);
  } catch (error) {
    if (error instanceof UserError) return new Set();
    throw error;
  }
}
