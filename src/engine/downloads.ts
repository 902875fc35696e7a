import type { FileTree } from '../data/files';
import { formatHubName, openHub, parseHubName, type Hub } from '../models/hub';
import { download, neededFiles } from '../models/hub-model';
import type { EngineEvent, HubOffer, ModelKind } from './api';

/** Models that come from the hub by name. */
export class Downloads {
  private readonly underWay = new Map<ModelKind, AbortController>();

  constructor(
    private readonly hub: Hub,
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

  cancel(kind: ModelKind): void {
    this.underWay.get(kind)?.abort();
  }
}
