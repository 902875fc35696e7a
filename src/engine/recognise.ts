import type { FileTree } from '../data/files';
import type { SourceKind } from './api';

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1).toLowerCase();

/** What a tree of files looks like, by the names that the layouts of Hugging Face and MMVP have; pictures where nothing else is told. */
export function recognise({ files }: FileTree): SourceKind {
  const names = new Set(files.map(({ path }) => baseName(path)));
  const has = (pattern: RegExp): boolean => files.some(({ path }) => pattern.test(path));
  if (names.has('questions.csv')) return 'benchmark';
  if (names.has('model_index.json') || has(/(^|\/)(unet|vae_encoder|vae_decoder)\//i)) return 'diffusion';
  if (names.has('config.json') || has(/\.onnx$/i)) return 'clip';
  return 'pictures';
}
