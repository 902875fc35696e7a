import { isZip } from '../data/zip';
import type { FileEntry, FileTree } from '../data/files';
import { layoutOf } from '../data/layouts';
import { examinePicture } from '../data/pictures';
import { UserError } from '../ir/errors';

/** What a file can be. */
export const FILE_KINDS = ['onnx', 'safetensors', 'image', 'archive', 'parquet', 'csv', 'config.json', 'preprocessor_config.json', 'tokenizer.json', 'scheduler_config.json', 'run-config'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** What a folder, or the contents of an archive, can be. */
export const FOLDER_KINDS = ['checkpoint', 'clip', 'diffusion', 'mmvp', 'pictures'] as const;
export type FolderKind = (typeof FOLDER_KINDS)[number];

const JSON_NAMES: ReadonlyMap<string, FileKind> = new Map([
  ['config.json', 'config.json'], ['preprocessor_config.json', 'preprocessor_config.json'], ['tokenizer.json', 'tokenizer.json'], ['scheduler_config.json', 'scheduler_config.json'], ['run.json', 'run-config'],
]);

const EXTENSIONS: readonly (readonly [RegExp, FileKind])[] = [
  [/\.onnx$/i, 'onnx'], [/\.safetensors$/i, 'safetensors'], [/\.parquet$/i, 'parquet'], [/\.csv$/i, 'csv'], [/\.(zip|tar|tgz|tar\.gz)$/i, 'archive'], [/\.(jpe?g|png|gif|webp|avif|bmp|svg|heic|tiff?|ico)$/i, 'image'],
];

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1).toLowerCase();

/** What a file is: by its content where that tells, else by its name. Rejects with a UserError for what nothing can be done with. */
export async function kindOfFile(file: FileEntry): Promise<FileKind> {
  const named = JSON_NAMES.get(baseName(file.path)) ?? EXTENSIONS.find(([pattern]) => pattern.test(file.path))?.[1];
  if (named) return named;
  if ((await examinePicture(file)).status === 'image') return 'image';
  if (await isZip(file)) return 'archive';
  if (/\.json$/i.test(file.path)) return kindOfJson(new TextDecoder().decode(await file.read()), file.path);
  throw new UserError('Nothing can be done with a file of this kind', file.path, 'Choose a model (.onnx, .safetensors), pictures, an archive, Questions.csv or a JSON file of a model or a run');
}

/** By keys that only one of them has; settings of a run have no mark. */
function kindOfJson(text: string, file: string): FileKind {
  const has = (key: string): boolean => text.includes(`"${key}"`);
  if (has('num_train_timesteps')) return 'scheduler_config.json';
  if (has('image_mean') || has('do_resize')) return 'preprocessor_config.json';
  if (has('vocab') || has('added_tokens')) return 'tokenizer.json';
  if (has('model_type')) return 'config.json';
  if (has('recipe') || has('steps')) return 'run-config';
  throw new UserError('The JSON file is neither of a model nor of a run', file, 'Give it the name that it has in its model, or name its kind');
}

/** What the files of a folder or an archive are together, by the layouts of Hugging Face, diffusers and MMVP; pictures where nothing else is told. */
export function kindOfTree(tree: FileTree): FolderKind {
  const layout = layoutOf(tree);
  if (layout) return layout;
  const has = (pattern: RegExp): boolean => tree.files.some(({ path }) => pattern.test(path));
  if (has(/\.onnx$/i)) return 'clip';
  if (has(/\.safetensors$/i)) return 'checkpoint';
  return has(/(^|\/)config\.json$/i) ? 'clip' : 'pictures';
}
