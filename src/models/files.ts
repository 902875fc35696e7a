import { findFile, subtree, type FileEntry, type FileTree } from '../data/files';
import type { WeightReader } from '../executors/executor';
import { UserError } from '../ir/errors';
import { isFloat } from '../ir/tensor';
import { decodeModel, type Model } from '../onnx/decode';

/** The whole file as UTF-8 text. */
export async function readText(file: FileEntry): Promise<string> {
  return new TextDecoder().decode(await file.read());
}

/** The first of these files that the model's folder has. Throws a UserError that names the first if there is none. */
export function needFile(tree: FileTree, paths: readonly string[]): FileEntry {
  for (const path of paths) {
    const file = findFile(tree, path);
    if (file) return file;
  }
  throw new UserError(`The model's ${paths[0]} is missing`, tree.name, `Add ${paths.join(' or ')} from the model's repository`);
}

/** An ONNX file of the tree; its weights are read when wanted, from the file itself or from the files beside it. */
export async function loadOnnx(tree: FileTree, file: FileEntry): Promise<{ model: Model; weights: WeightReader }> {
  return { model: decodeModel(await file.read(), file.path), weights: weightsBeside(tree, file) };
}

function weightsBeside(tree: FileTree, model: FileEntry): WeightReader {
  const folder = model.path.includes('/') ? subtree(tree, model.path.replace(/\/[^/]*$/, '')) : tree;
  return async (ref) => {
    if (ref.kind === 'bytes') return ref.bytes;
    const file = findFile(folder, ref.location.replace(/^\.\//, ''));
    if (!file) throw new UserError(`The weights file ${ref.location} is missing`, model.path, `Add ${ref.location} beside the model`);
    if (file.size < ref.offset + ref.length) throw new UserError(`The weights file ${ref.location} ends at byte ${file.size}, but a weight lies at ${ref.offset} to ${ref.offset + ref.length}`, model.path, 'Download it again');
    return file.read(ref.offset, ref.offset + ref.length);
  };
}

/** The same model taking and giving float32 where the file says float16: the import computes in float32 anyway. */
export function inFloat32(model: Model): Model {
  const inputs = model.graph.inputs.map((input) => (isFloat(input.dtype) ? { ...input, dtype: 'float32' as const } : input));
  return { ...model, graph: { ...model.graph, inputs } };
}

/** The folder of the tree in which a marker lies at one of the given paths, with a slash at its end; the least deep one, '' for the tree itself. Undefined if there is none. */
export function rootWith(tree: FileTree, markers: readonly string[]): string | undefined {
  const roots = tree.files.flatMap(({ path }) => markers.flatMap((marker) => (path === marker || path.endsWith(`/${marker}`) ? [path.slice(0, path.length - marker.length)] : [])));
  const depth = (path: string): number => path.split('/').length;
  return roots.sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))[0];
}

/** The part of the tree under such a folder. */
export function under(tree: FileTree, root: string): FileTree {
  return root === '' ? tree : subtree(tree, root.slice(0, -1));
}

/** An ONNX file with the files beside it that by their names hold its weights: model.onnx with model.onnx_data, model.onnx.data or weights.pb. */
export function withWeights(tree: FileTree, { path }: FileEntry): FileEntry[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return tree.files.filter((file) => file.path === path || file.path.startsWith(`${path}_data`) || file.path === `${path}.data` || file.path === `${folder}weights.pb`);
}
