import packageJson from '../../package.json' with { type: 'json' };
import { UserError } from '../ir/errors';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from '../train/checkpoint';
import type { StepMetrics, Trainer } from '../train/trainer';
import type { KeptRun, Score, Settings, Source, SourceKind } from './api';
import { fingerprint } from './fingerprint';

/** Where a machine keeps one file beyond the life of this tab, written whole or not at all. It belongs to one tab at a time; for others nothing is there. */
export interface Shelf {
  write(contents: Blob): Promise<void>;
  read(): Promise<Blob | undefined>;
  remove(): Promise<void>;
}

/** What a run was started on. */
interface Input {
  readonly name: string;
  readonly print: string;
  /** Undefined for files of a person's own, which a page cannot open again. */
  readonly source?: Source | undefined;
}

type Inputs = Partial<Record<SourceKind, Input>>;

/** What has come of a run so far, beside its checkpoint. */
export interface Progress {
  readonly metrics: readonly StepMetrics[];
  readonly scores: readonly Score[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

interface Header extends Progress {
  readonly seebetter: string;
  readonly at: number;
  readonly settings: Settings;
  readonly inputs: Inputs;
}

export interface Kept extends Header {
  readonly checkpoint: Checkpoint;
}

/** Seconds from one checkpoint to the next, at least; and how many times longer than writing the last one took. */
const SECONDS = 15;
const TIMES = 20;
/** Bytes of a checkpoint that are kept at most: it is in memory twice while it is written. */
const MOST_BYTES = 2 ** 30;

/** The last checkpoint of the last run, for after a reload or an engine that broke off. The file: the header's length (uint32), the header as JSON, the checkpoint. */
export class KeptRuns {
  private readonly inputs: Inputs = {};

  constructor(private readonly shelf: Shelf | undefined) {}

  /** To be told of whatever a card has been filled with. */
  async took(kind: SourceKind, name: string, source: Source): Promise<void> {
    if (!this.shelf) return;
    const print = await fingerprint(source);
    this.inputs[kind] = { name, print, ...(!('files' in source) && { source }) };
  }

  /** What could go on, and what that needs which is not chosen now. */
  async offer(): Promise<KeptRun | undefined> {
    const header = (await this.read().catch(() => undefined))?.header;
    if (!header) return undefined;
    const inputs = (Object.entries(header.inputs) as [SourceKind, Input][]).map(([kind, { name, print, source }]) => ({ kind, name, source, chosen: this.inputs[kind]?.print === print }));
    return { at: header.at, step: header.metrics.length, settings: header.settings, inputs };
  }

  /** The run that is to go on. Rejects with a UserError if there is none, or if something else is chosen than it was started on. */
  async resume(): Promise<Kept> {
    const [kept, offered] = [await this.read(), await this.offer()];
    if (!kept || !offered) throw new UserError('There is no run to go on with', '', 'Press Tune for a new one');
    const other = offered.inputs.find(({ chosen }) => !chosen);
    if (other) throw new UserError(`The run was started with ${other.name}, and something else is chosen now`, '', 'Choose it again, or press Tune for a new run');
    return { ...kept.header, checkpoint: decodeCheckpoint(new Uint8Array(await kept.rest.arrayBuffer()), 'the run that was kept') };
  }

  async discard(): Promise<void> {
    await this.shelf?.remove();
  }

  /** Keeps a run of the inputs chosen now; undefined where that cannot be done. */
  keeper(settings: Settings): Keeper | undefined {
    return this.shelf ? new Keeper(this.shelf, settings, { ...this.inputs }) : undefined;
  }

  /** Rejects where the browser forbids it or the file is damaged. */
  private async read(): Promise<{ readonly header: Header; readonly rest: Blob } | undefined> {
    const file = await this.shelf?.read();
    if (!file || file.size < 4) return undefined;
    const length = new DataView(await file.slice(0, 4).arrayBuffer()).getUint32(0, true);
    const header = JSON.parse(await file.slice(4, 4 + length).text()) as Header;
    return header.seebetter === packageJson.version ? { header, rest: file.slice(4 + length) } : undefined;
  }
}

/** Writes checkpoints of one run. Where they are too large or cannot be written the run goes on without. */
export class Keeper {
  private last = performance.now();
  private pause = 1000 * SECONDS;

  constructor(private readonly shelf: Shelf, private readonly settings: Settings, private readonly inputs: Inputs) {}

  /** @param now although it is not yet time again */
  async keep(trainer: Trainer, progress: Progress, now = false): Promise<void> {
    const started = performance.now();
    if ((!now && started - this.last < this.pause) || trainer.checkpointBytes > MOST_BYTES) return;
    const header: Header = { seebetter: packageJson.version, at: Date.now(), settings: this.settings, inputs: this.inputs, ...progress };
    const text = new TextEncoder().encode(JSON.stringify(header));
    await this.shelf.write(new Blob([Uint32Array.of(text.length), text, encodeCheckpoint(await trainer.checkpoint())])).catch(() => undefined);
    this.last = performance.now();
    this.pause = Math.max(1000 * SECONDS, TIMES * (this.last - started));
  }

  async forget(): Promise<void> {
    await this.shelf.remove().catch(() => undefined);
  }
}
