import { openArchive } from '../data/archive';
import type { FileEntry, FileTree, Skipped } from '../data/files';
import { examinePicture, noPictures, surveyPictures, type DecodePicture } from '../data/pictures';
import { parseProcessor } from '../data/processor';
import { readSafetensors } from '../data/safetensors';
import { loadMmvp } from '../eval/mmvp';
import { parseQuestions } from '../eval/questions';
import { UserError } from '../ir/errors';
import { loadClip } from '../models/clip';
import { verifyCheckpoint } from '../models/checkpoint';
import { parseSchedulerConfig, parseVisionConfig } from '../models/config';
import { loadDiffusion } from '../models/diffusion';
import { readText } from '../models/files';
import { parseTokenizer } from '../models/tokenizer';
import { parseSettingsFile } from '../recipes/settings';
import { FILE_KINDS, FOLDER_KINDS, kindOfFile, kindOfTree, type FileKind, type FolderKind } from './kinds';
import { examineOnnx, type Beside } from './onnx';

export interface Facts {
  readonly [fact: string]: unknown;
  readonly warnings?: readonly string[];
}

export interface Checked extends Facts {
  readonly kind: FileKind | FolderKind;
}

/** What validation needs of its surroundings. */
export interface Tools {
  readonly decode: DecodePicture;
  /** Files beside the one that is checked. */
  readonly beside: Beside;
}

type Check<T> = (thing: T, tools: Tools) => Promise<Facts>;

const text = (check: (source: string, file: string) => Facts): Check<FileEntry> => async (file) => check(await readText(file), file.path);

const FILES: { readonly [K in FileKind]: Check<FileEntry> } = {
  onnx: async (file, { beside }) => ({ ...(await examineOnnx(file, beside)) }),
  safetensors: async (file) => {
    const { tensors, metadata } = readSafetensors(await file.read(), file.path);
    return { tensors: [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })), metadata: metadata.size };
  },
  image: picture,
  archive,
  parquet: archive,
  csv: async (file) => ({ pairs: parseQuestions(await file.read(), file.path).length / 2 }),
  'config.json': text((source, file) => ({ ...parseVisionConfig(source, file) })),
  'preprocessor_config.json': text((source, file) => ({ ...parseProcessor(source, file) })),
  'tokenizer.json': text((source, file) => ({ ids: parseTokenizer(source, file).encode('a photo of a .').length })),
  'scheduler_config.json': text((source, file) => {
    const { predictionType, trainTimesteps } = parseSchedulerConfig(source, file);
    return { predictionType, trainTimesteps };
  }),
  'run-config': text((source, file) => ({ settings: parseSettingsFile(source, file) })),
};

const FOLDERS: { readonly [K in FolderKind]: Check<FileTree> } = {
  checkpoint: async (tree) => {
    const { tensors, parameters, unexpected } = await verifyCheckpoint(tree);
    return { tensors, parameters, warnings: unexpected.map((name) => `the vision tower has no ${name}`) };
  },
  clip: async (tree) => {
    const { name, family, config } = await loadClip(tree);
    return { name, family, imageSize: config.vision.imageSize };
  },
  diffusion: async (tree) => {
    const { name, imageSize, contextWidth, scheduler } = await loadDiffusion(tree);
    return { name, imageSize, contextWidth, predictionType: scheduler.predictionType };
  },
  mmvp: async (tree) => {
    const { pairs, warnings } = await loadMmvp(tree);
    return { pairs: pairs.length, warnings };
  },
  pictures: async (tree) => {
    const { pictures, skipped } = await surveyPictures(tree);
    return { pictures: pictures.length, warnings: skipped.map(worded) };
  },
};

/** Reads and validates a file fully, as the kind `as` or as what it looks like. Rejects with a UserError that names the file, the place and the remedy. */
export async function checkFile(file: FileEntry, tools: Tools, as?: string): Promise<Checked> {
  const kind = as === undefined ? await kindOfFile(file) : FILE_KINDS.find((known) => known === as);
  if (!kind) throw new UserError(`A file cannot be checked as "${as}"`, file.path, `Use one of ${FILE_KINDS.join(', ')}; for folders ${FOLDER_KINDS.join(', ')}`);
  return { kind, ...(await FILES[kind](file, tools)) };
}

/** The same for a folder. */
export async function checkTree(tree: FileTree, tools: Tools, as?: string): Promise<Checked> {
  const kind = as === undefined ? kindOfTree(tree) : FOLDER_KINDS.find((known) => known === as);
  if (!kind) throw new UserError(`A folder cannot be checked as "${as}"`, tree.name, `Use one of ${FOLDER_KINDS.join(', ')}; for files ${FILE_KINDS.join(', ')}`);
  try {
    return { kind, ...(await FOLDERS[kind](tree, tools)) };
  } catch (error) {
    throw error instanceof UserError && !error.message.includes(tree.name) ? error.within(tree.name) : error;
  }
}

async function picture(file: FileEntry, { decode }: Tools): Promise<Facts> {
  const verdict = await examinePicture(file);
  const { width, height } = await decode(file);
  return { ...(verdict.status === 'image' && { format: verdict.format }), width, height };
}

/** Pictures packed together, or a packed folder of another kind. */
async function archive(file: FileEntry, tools: Tools): Promise<Facts> {
  const tree = await openArchive(file);
  if (!tree) throw new UserError('The file is no archive that can be opened', file.path, 'Choose a zip archive or the unpacked folder');
  const contains = kindOfTree(tree);
  const { pictures, skipped } = await surveyPictures(tree);
  if (contains !== 'pictures') return { contains, pictures: pictures.length, ...(await FOLDERS[contains](tree, tools)) };
  if (!pictures.length && skipped.length) throw noPictures(tree, skipped);
  return { contains, pictures: pictures.length, warnings: pictures.length ? skipped.map(worded) : ['there are no pictures in it'] };
}

function worded({ path, reason }: Skipped): string {
  return `${path}: ${reason}`;
}
