import { findFile, subtree, type FileEntry, type FileTree } from '../data/files';
import type { DecodePicture } from '../data/pictures';
import { checkFile, checkTree } from '../intake/check';
import { kindOfFile, kindOfTree, type FileKind, type FolderKind } from '../intake/kinds';
import { UserError } from '../ir/errors';
import { parseSettingsFile } from '../recipes/settings';
import type { Recognised, SourceKind } from './api';
import { pageSettings } from './settings';

const CARDS: { readonly [K in Exclude<FolderKind, 'checkpoint'>]: SourceKind } = { clip: 'clip', diffusion: 'diffusion', mmvp: 'benchmark', pictures: 'pictures' };

/** What a sound file lacks that is a part of something larger. */
const PARTS: { readonly [K in Exclude<FileKind, 'image' | 'archive' | 'parquet' | 'run-config'>]: string } = {
  onnx: 'It is one graph. Drop the whole model folder with its config.json',
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
  const lone = file && tree.files.length === 1 && !tree.skipped?.length ? file : loneGraph(tree);
  try {
    return await (lone ? recogniseFile(lone, tree, decode) : recogniseFolder(tree, decode));
  } catch (error) {
    throw error instanceof UserError && !error.message.includes(tree.name) ? error.within(tree.name) : error;
  }
}

/** The graph of a tree that holds no more of a model than that, and maybe its weights. */
function loneGraph({ files }: FileTree): FileEntry | undefined {
  const [graph, another] = files.filter(({ path }) => /\.onnx$/i.test(path));
  return another || files.some(({ path }) => /\.json$/i.test(path)) ? undefined : graph;
}

async function recogniseFolder(tree: FileTree, decode: DecodePicture): Promise<Recognised> {
  const kind = kindOfTree(tree);
  if (kind !== 'checkpoint') return { use: 'card', kind: CARDS[kind] };
  await checkTree(tree, { decode, beside: async () => undefined }, kind);
  return { use: 'none', words: `${tree.name} is sound. ${PARTS.safetensors}.` };
}

async function recogniseFile(file: FileEntry, tree: FileTree, decode: DecodePicture): Promise<Recognised> {
  const kind = await kindOfFile(file);
  if (kind === 'archive' || kind === 'parquet') return { use: 'card', kind: 'pictures' };
  const folder = file.path.includes('/') ? subtree(tree, file.path.replace(/\/[^/]*$/, '')) : tree;
  await checkFile(file, { decode, beside: async (location) => findFile(folder, location.replace(/^\.\//, '')) }, kind);
  if (kind === 'image') return { use: 'card', kind: 'pictures' };
  if (kind === 'run-config') return { use: 'settings', settings: await settingsOf(file) };
  return { use: 'none', words: `${file.path} is sound. ${PARTS[kind]}.` };
}

async function settingsOf(file: FileEntry): Promise<Extract<Recognised, { use: 'settings' }>['settings']> {
  return pageSettings(parseSettingsFile(new TextDecoder().decode(await file.read()), file.path));
}
