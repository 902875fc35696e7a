import { UserError } from '../ir/errors';
import { isFloat, toNumbers, type Tensor } from '../ir/tensor';
import { readSafetensors } from '../data/safetensors';
import type { FileTree } from '../data/files';
import { parseVisionConfig, type VisionConfig } from './config';
import { needFile, readText, rootWith, under } from './files';
import { visionTensors } from './parameters';

export interface CheckpointReport {
  readonly config: VisionConfig;
  /** Tensors and elements of the vision tower. */
  readonly tensors: number;
  readonly parameters: number;
  /** Names that the tower does not have: another tower's, or an optimiser's. */
  readonly unexpected: readonly string[];
}

/** Checks config.json and model.safetensors against each other. Throws a UserError that names the first tensor that is missing, misshapen, of a wrong type or not finite. */
export async function verifyCheckpoint(tree: FileTree): Promise<CheckpointReport> {
  const folder = under(tree, rootWith(tree, ['model.safetensors']) ?? '');
  const weightsFile = needFile(folder, ['model.safetensors']);
  const configFile = needFile(folder, ['config.json']);
  const config = parseVisionConfig(await readText(configFile), configFile.path);
  const { tensors } = readSafetensors(await weightsFile.read(), weightsFile.path);
  const expected = visionTensors(config);
  const known = new Set<string>();
  const stored = (name: string): string | undefined => [name, name.replace(/^vision_model\./, '')].find((candidate) => tensors.has(candidate));
  const absent = [...expected.keys()].filter((name) => stored(name) === undefined);
  if (absent.length) throw new UserError(`The tensor ${absent[0]} is missing${absent.length > 1 ? ` (and ${absent.length - 1} more)` : ''}`, 'model.safetensors', 'Take model.safetensors and config.json of a vision tower from the same model');
  let parameters = 0;
  for (const [name, shape] of expected) {
    const tensor = tensors.get(stored(name)!)!;
    check(name, tensor, shape);
    known.add(stored(name)!);
    parameters += tensor.data.length;
  }
  return { config, tensors: expected.size, parameters, unexpected: [...tensors.keys()].filter((name) => !known.has(name)) };
}

function check(name: string, tensor: Tensor, shape: readonly number[]): void {
  const { dtype } = tensor;
  if (tensor.shape.join() !== shape.join()) throw new UserError(`The tensor ${name} has the shape [${tensor.shape}], but config.json implies [${shape}]`, 'model.safetensors', 'Take both files from the same model');
  if (!isFloat(dtype)) throw new UserError(`The tensor ${name} has the dtype ${dtype}, but weights are floating-point numbers`, 'model.safetensors', 'Save the model in float32, float16 or bfloat16');
  const bad = toNumbers(tensor).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new UserError(`The tensor ${name} is not finite: element ${bad} is ${toNumbers(tensor)[bad]}`, 'model.safetensors', 'Use an earlier checkpoint, or train again with a smaller learning rate');
}
