import type { DecodePicture } from '../data/pictures';
import type { Executor } from '../executors/executor';
import type { Hub, HubListing, HubStore } from '../models/hub';
import type { Probe } from './api';
import type { Shelf } from './kept';

/** A store that a person can look into and clear. */
export interface HubLibrary extends HubStore {
  /** What was remembered, by name as formatHubName gives it, and how much of each file is here. */
  repositories(): Promise<readonly { readonly name: string; readonly listing: HubListing; readonly here: ReadonlyMap<string, number> }[]>;
  /** Removes a repository's files, but for those that another one has too. */
  remove(name: string): Promise<void>;
}

/** What a session needs of the place that it runs in: a browser's worker, or Node in tests. */
export interface Machine {
  probe(): Promise<Probe>;
  /** Rejects with a UserError where there is no such executor. */
  openExecutor(kind: 'webgpu' | 'wasm'): Promise<Executor>;
  readonly decode: DecodePicture;
  /** Undefined where nothing can be kept. */
  readonly shelf: Shelf | undefined;
  /** A file that comes with the page, by its path under `public`. Rejects with a UserError if it cannot be had. */
  bundled(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Where models come from by name, and where they are kept. */
  readonly hub: Hub & { readonly store: HubLibrary };
}
