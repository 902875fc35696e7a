import { z } from 'zod';
import { parseJson } from '../data/json';
import { readSafetensors, writeSafetensors } from '../data/safetensors';
import { UserError } from '../ir/errors';
import type { Tensor } from '../ir/tensor';
import { parseSettings, writtenSettings, type RunSettings } from '../recipes/settings';

/** A run between two steps: all that the next ones depend on, draws aside, which depend on the seed alone. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  readonly settings: RunSettings;
  readonly parameters: Readonly<Record<string, Tensor>>;
  /** What the optimiser keeps, by its own names. */
  readonly slots: Readonly<Record<string, Tensor>>;
}

const FORMAT = 'seebetter-checkpoint';
const PARAMETERS = 'parameters/';

/** As safetensors: `parameters/<p>`, the optimiser's tensors, and steps and settings in the metadata. */
export function encodeCheckpoint({ step, settings, parameters, slots }: Checkpoint): Uint8Array<ArrayBuffer> {
  const named = Object.entries(parameters).map(([name, tensor]) => [PARAMETERS + name, tensor] as const);
  return writeSafetensors({ ...Object.fromEntries(named), ...slots }, { format: FORMAT, step: String(step), settings: JSON.stringify(writtenSettings(settings)) });
}

export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes, file);
  const step = Number(metadata.get('step'));
  if (metadata.get('format') !== FORMAT || !Number.isSafeInteger(step)) throw new UserError('The file is no checkpoint of a run', file, 'Use one from the folder checkpoints of a run');
  const [own, slots] = [true, false].map((wanted) => [...tensors].filter(([key]) => key.startsWith(PARAMETERS) === wanted));
  const settings = parseSettings(parseJson(metadata.get('settings') ?? '', file, z.unknown()), file);
  return { step, settings, parameters: Object.fromEntries(own!.map(([key, tensor]) => [key.slice(PARAMETERS.length), tensor])), slots: Object.fromEntries(slots!) };
}
