import type { FileEntry, FileTree } from '../data/files';
import { nanoMmvp, nanoPictures } from '../data/scenes/nano';
import { UserError } from '../ir/errors';
import type { BundledItem, SourceKind } from './api';
import { neededBytes } from './infos';
import type { Machine } from './machine';

/** An entry of public/bundled.json, which scripts/bundle-manifest.mjs writes. */
interface ManifestItem {
  readonly id: string;
  readonly kind: SourceKind;
  readonly folder: string;
  readonly title: string;
  readonly note: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** What is drawn from seeds, picture by picture as they are read, so that nothing need be fetched. */
const DRAWN: readonly (Omit<BundledItem, 'bytes'> & { readonly draw: () => FileTree })[] = [
  { id: 'nano-pictures', kind: 'pictures', title: 'nano pictures', note: 'scenes, drawn from seeds in this tab', draw: nanoPictures },
  { id: 'mmvp-nano', kind: 'benchmark', title: 'MMVP-nano', note: 'pairs of scenes that differ in one thing, drawn from seeds in this tab', draw: nanoMmvp },
];

/** What comes with the page: drawn, or fetched file by file when it is read. */
export class Bundle {
  private manifest: Promise<readonly ManifestItem[]> | undefined;
  private readonly drawn = new Map<string, FileTree>();

  constructor(private readonly machine: Machine) {}

  async items(): Promise<readonly BundledItem[]> {
    const fetched = (await this.read()).map((item) => ({ id: item.id, kind: item.kind, title: item.title, note: item.note, bytes: this.bytesOf(item) }));
    return [...DRAWN.map(({ id, kind, title, note }) => ({ id, kind, title, note, bytes: 0 })), ...fetched];
  }

  async tree(id: string): Promise<FileTree> {
    const item = await this.item(id);
    if ('folder' in item) return this.treeOf(item);
    if (!this.drawn.has(id)) this.drawn.set(id, item.draw());
    return this.drawn.get(id)!;
  }

  async kindOf(id: string): Promise<SourceKind> {
    return (await this.item(id)).kind;
  }

  private async item(id: string): Promise<ManifestItem | (typeof DRAWN)[number]> {
    const item = [...DRAWN, ...(await this.read())].find((candidate) => candidate.id === id);
    if (!item) throw new UserError(`Nothing bundled is called "${id}"`, '', 'Choose from the list');
    return item;
  }

  private treeOf(item: ManifestItem): FileTree {
    return { name: item.title, files: item.files.map(({ path, size }) => this.entry(`${item.folder}/${path}`, path, size)) };
  }

  /** Of what choosing it fetches: a model's folder holds more, for other programs. */
  private bytesOf(item: ManifestItem): number {
    return item.kind === 'clip' || item.kind === 'diffusion' ? neededBytes(this.treeOf(item), item.kind) : item.files.reduce((sum, { size }) => sum + size, 0);
  }

  private read(): Promise<readonly ManifestItem[]> {
    this.manifest ??= this.machine.bundled('bundled.json').then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as ManifestItem[]);
    return this.manifest;
  }

  private entry(from: string, path: string, size: number): FileEntry {
    let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;
    return { path, size, read: async (start = 0, end = size) => (await (bytes ??= this.machine.bundled(from))).slice(start, end) };
  }
}
