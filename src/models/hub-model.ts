import type { FileTree } from '../data/files';
import { misplaced } from '../data/layouts';
import { UserError } from '../ir/errors';
import { clipPaths } from './clip';
import { diffusionPaths } from './diffusion';
import type { HubFile, HubTree, Transfer } from './hub';

export type ModelKind = 'clip' | 'diffusion';

const KINDS: { readonly [K in ModelKind]: { readonly paths: (tree: FileTree) => string[]; readonly remedy: string } } = {
  clip: { paths: clipPaths, remedy: 'Choose a repository that holds the model as ONNX, in two towers: those of Xenova/ and onnx-community/ do, for example Xenova/clip-vit-base-patch32' },
  diffusion: { paths: diffusionPaths, remedy: 'Choose a repository that holds the pipeline as ONNX, in unet/, vae_encoder/ and text_encoder/, as Optimum exports it: some of onnx-community/ do' },
};

export const MODEL_KINDS = Object.keys(KINDS) as ModelKind[];

/** Paths of the files that a model needs of its folder or repository, which may hold it in several forms. Throws a UserError that names what is missing. */
export function neededPaths(tree: FileTree, kind: ModelKind): ReadonlySet<string> {
  return new Set(KINDS[kind].paths(tree));
}

/** The files that a model needs of its repository, which may hold it many times over. Throws a UserError that names the first one that is missing. */
export function neededFiles(tree: HubTree, kind: ModelKind): HubFile[] {
  try {
    const paths = neededPaths(tree, kind);
    return tree.files.filter(({ path }) => paths.has(path));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const lacking = tree.recalled ? new UserError(`${error.what}, and the hub cannot be reached`, tree.name, 'Check the connection and try again') : new UserError(error.what, tree.name, KINDS[kind].remedy);
    throw misplaced(tree, kind) ?? lacking;
  }
}

/** Downloads those that are not here, one after the other. `report` is given the bytes that are here by now. */
export async function download(files: readonly HubFile[], report: (done: number, total: number) => void, signal?: AbortSignal): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const transfer: Transfer = { report: (bytes) => report((done += bytes), total), ...(signal && { signal }) };
  report(0, total);
  for (const file of files) await file.download(transfer);
}
