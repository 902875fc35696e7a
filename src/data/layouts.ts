import { UserError } from '../ir/errors';
import type { FileTree } from './files';

/** What a folder or an archive holds, where the names of its files tell it surely. */
export type Layout = 'mmvp' | 'diffusion' | 'clip' | 'pictures';

/** Files that only this layout has, most telling layout first: of MMVP, diffusers and Hugging Face. */
const MARKS: readonly (readonly [Layout, RegExp])[] = [
  ['mmvp', /(^|\/)questions\.csv$/i],
  ['diffusion', /(^|\/)(model_index\.json$|(unet|vae_encoder|vae_decoder)\/)/i],
  ['clip', /(^|\/)(vision|text)_model(_\w+)?\.onnx$/i],
];

const PICTURE = /\.(jpe?g|png|webp|avif|gif|bmp)$/i;
const MODEL_PART = /\.(onnx|safetensors|json|bin)$/i;

const NAMES: { readonly [L in Layout]: { readonly is: string; readonly not: string; readonly place: string } } = {
  mmvp: { is: 'This is an MMVP folder', not: 'an MMVP folder', place: 'Compare, or on the command line with --mmvp' },
  diffusion: { is: 'This is a diffusion model', not: 'a diffusion model', place: 'Teacher, or on the command line with --diffusion' },
  clip: { is: 'This is a CLIP model', not: 'a CLIP model', place: 'Eyes, or on the command line with --clip' },
  pictures: { is: 'These are pictures', not: 'pictures', place: 'Pictures, or on the command line with --images' },
};

/** Undefined where the names do not tell. */
export function layoutOf({ files }: FileTree): Layout | undefined {
  const some = (pattern: RegExp): boolean => files.some(({ path }) => pattern.test(path));
  return MARKS.find(([, mark]) => some(mark))?.[0] ?? (some(PICTURE) && !some(MODEL_PART) ? 'pictures' : undefined);
}

/** Of a tree that lacks what `wanted` needs: what it is and where it belongs; undefined where the names do not tell, and between MMVP and the pictures that are a part of it. */
export function misplaced(tree: FileTree, wanted: Layout): UserError | undefined {
  const found = layoutOf(tree);
  const isModel = (layout: Layout): boolean => layout === 'clip' || layout === 'diffusion';
  if (found === undefined || found === wanted || !(isModel(found) || isModel(wanted))) return undefined;
  return new UserError(`${NAMES[found].is}, not ${NAMES[wanted].not}`, tree.name, `Choose it under ${NAMES[found].place}`);
}
