import type { FileEntry, FileTree } from '../data/files';
import type { DecodePicture } from '../data/pictures';
import { checkFile, checkTree } from '../intake/check';
import { kindOfFile, kindOfTree, type FileKind, type FolderKind } from '../intake/kinds';
import { parseSettingsFile } from '../recipes/settings';
import type { Recognised, SourceKind } from './api';
import { pageSettings } from './settings';

const CARDS: { readonly [K in Exclude<FolderKind, 'checkpoint'>]: SourceKind } = { clip: 'clip', diffusion: 'diffusion', mmvp: 'benchmark', pictures: 'pictures' };

/** What a sound file lacks that is a part of something larger. */
const PARTS: { readonly [K in Exclude<FileKind, 'image' | 'archive' | 'parquet' | 'run-config' | 'onnx'>]: string } = {
  safetensors: 'It holds weights without a graph. Drop the model folder with its config.json and ONNX files',
  csv: 'It holds the statements of MMVP without the pictures. Drop the folder that holds both',
  'config.json': 'It describes a model. Drop the whole model folder',
  'preprocessor_config.json': "It describes a model's pictures. Drop the whole model folder",
  'tokenizer.json': "It is a model's tokenizer. Drop the whole model folder",
  'scheduler_config.json': "It is a diffusion model's noise schedule. Drop the whole model folder",
};

/** What a person dropped. Rejects with a UserError that names the file and the place if it is damaged. */
export async function recognise(tree: FileTree, decode: DecodePicture): Promise<Recognised> {
  const [file] = tree.files;
  if (file && tree.files.length === 1 && !tree.skipped?.length) return recogniseFile(file, decode);
  const kind = kindOfTree(tree);
  if (kind !== 'checkpoint') return { use: 'card', kind: CARDS[kind] };
  await checkTree(tree, tools(decode), kind);
  return { use: 'none', words: `${tree.name} is sound. ${PARTS.safetensors}.` };
}

async function recogniseFile(file: FileEntry, decode: DecodePicture): Promise<Recognised> {
  const kind = await kindOfFile(file);
  if (kind === 'archive' || kind === 'parquet') return { use: 'card', kind: 'pictures' };
  await checkFile(file, tools(decode), kind);
  if (kind === 'image') return { use: 'card', kind: 'pictures' };
  if (kind === 'onnx') return { use: 'card', kind: 'clip' };
  if (kind === 'run-config') return { use: 'settings', settings: await settingsOf(file) };
  return { use: 'none', words: `${file.path} is sound. ${PARTS[kind]}.` };
}

function tools(decode: DecodePicture): Parameters<typeof checkFile>[1] {
  return { decode, beside: async () => undefined };
}

async function settingsOf(file: FileEntry): Promise<Extract<Recognised, { use: 'settings' }>['settings']> {
  return pageSettings(parseSettingsFile(new TextDecoder().decode(await file.read()), file.path));
}
