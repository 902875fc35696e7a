import { readSafetensors, writeSafetensors } from '../data/safetensors';
import { UserError } from '../ir/errors';
import type { Tensor } from '../ir/tensor';
import { averageOf } from '../train/adamw';
import type { PretrainConfig, StageName } from './config';
import { vocabulary } from './vocabulary';

/** Where checkpoints and logs lie: names without folders. */
export interface Folder {
  /** For messages. */
  readonly name: string;
  /** undefined if there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** The file whole or not at all. */
  write(name: string, contents: Uint8Array | string): Promise<void>;
}

/** A stage between two steps; `state` is all that the next ones depend on. */
export interface StageCheckpoint {
  readonly step: number;
  readonly state: Readonly<Record<string, Tensor>>;
}

const FORMAT = 'seebetter-pretraining';

const fileOf = (stage: StageName): string => `${stage}.safetensors`;

/** What a stage's steps depend on beside the stages before it, in a form that can be compared. Where a stage ends is none of it. */
function fingerprint({ seed, clip, vae, unet, klWeight, captionDropout, contrastFrom, schedules }: PretrainConfig, stage: StageName): string {
  const towers = { clip, tokenizer: checksum(vocabulary().source) };
  const parts = { 'clip-text': towers, 'clip-vision': towers, vae: { vae, klWeight }, unet: { ...towers, vae, unet, captionDropout, contrastFrom } };
  const { batch, steps, lr, warmup, weightDecay } = schedules[stage];
  return JSON.stringify({ seed, ...parts[stage], schedule: { batch, steps, lr, warmup, weightDecay } });
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function checksum(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}

export async function saveCheckpoint(folder: Folder, config: PretrainConfig, stage: StageName, { step, state }: StageCheckpoint): Promise<void> {
  await folder.write(fileOf(stage), writeSafetensors(state, { format: FORMAT, stage, step: String(step), config: fingerprint(config, stage) }));
}

/** The stage's checkpoint, if there is one. Throws a UserError if it is damaged or was made with another configuration. */
export async function loadCheckpoint(folder: Folder, config: PretrainConfig, stage: StageName): Promise<StageCheckpoint | undefined> {
  const bytes = await folder.read(fileOf(stage));
  if (!bytes) return undefined;
  const where = `${folder.name}/${fileOf(stage)}`;
  const { tensors, metadata } = readSafetensors(bytes, where);
  const step = Number(metadata.get('step'));
  if (metadata.get('format') !== FORMAT || metadata.get('stage') !== stage || !Number.isSafeInteger(step)) throw new UserError(`The file is no checkpoint of the stage ${stage}`, where, 'Choose another folder with --out');
  const other = difference(JSON.parse(metadata.get('config') ?? '{}'), JSON.parse(fingerprint(config, stage)));
  if (other) throw new UserError(`The checkpoint was made with another configuration: ${other}`, where, 'Choose another folder with --out, or delete the file to begin anew');
  return { step, state: Object.fromEntries(tensors) };
}

/** The running averages of a finished stage, by parameter. Throws a UserError if the stage is not finished. */
export async function finishedWeights(folder: Folder, config: PretrainConfig, stage: StageName): Promise<Record<string, Tensor>> {
  const checkpoint = await loadCheckpoint(folder, config, stage);
  const { end } = config.schedules[stage];
  if (checkpoint?.step !== end) throw new UserError(`The stage ${stage} is ${checkpoint ? `at step ${checkpoint.step} of ${end}` : 'not begun'}`, folder.name, `Run npm run pretrain -- --stage ${stage} first`);
  const prefix = averageOf('');
  return Object.fromEntries(Object.entries(checkpoint.state).filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** The first key whose values differ, with both. */
function difference(there: unknown, here: unknown, path = ''): string | undefined {
  if (typeof there !== 'object' || typeof here !== 'object' || there === null || here === null) return there === here ? undefined : `${path} is ${JSON.stringify(there)} there and ${JSON.stringify(here)} here`;
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
    const found = difference((there as Record<string, unknown>)[key], (here as Record<string, unknown>)[key], path ? `${path}.${key}` : key);
    if (found) return found;
  }
  return undefined;
}
