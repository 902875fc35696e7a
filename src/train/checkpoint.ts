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
  readonly momentum: Readonly<Record<string, Tensor>>;
}

const FORMAT = 'seebetter-checkpoint';

/** As safetensors: `parameters/<p>`, `momentum/<p>`, and steps and settings in the metadata. */
export function encodeCheckpoint({ step, settings, parameters, momentum }: Checkpoint): Uint8Array<ArrayBuffer> {
  const named = [...Object.entries(parameters).map(([name, tensor]) => [`parameters/${name}`, tensor] as const), ...Object.entries(momentum).map(([name, tensor]) => [`momentum/${name}`, tensor] as const)];
  return writeSafetensors(Object.fromEntries(named), { format: FORMAT, step: String(step), settings: JSON.stringify(writtenSettings(settings)) });
}

export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes, file);
  const step = Number(metadata.get('step'));
  if (metadata.get('format') !== FORMAT || !Number.isSafeInteger(step)) throw new UserError('The file is no checkpoint of a run', file, 'Use one from the folder checkpoints of a run');
  const under = (prefix: string): Record<string, Tensor> =>
    Object.fromEntries([...tensors].filter(([key]) => key.startsWith(prefix)).map(([key, tensor]) => [key.slice(prefix.length), tensor]));
  const settings = parseSettings(parseJson(metadata.get('settings') ?? '', file, z.unknown()), file);
  return { step, settings, parameters: under('parameters/'), momentum: under('momentum/') };
}
