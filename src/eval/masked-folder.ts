import { z } from 'zod';
import type { FileEntry, FileTree } from '../data/files';
import { readIndexPng } from '../data/index-png';
import { parseJson } from '../data/json';
import { examinePicture, type DecodePicture } from '../data/pictures';
import { hash } from '../data/scenes/random';
import { UserError } from '../ir/errors';
import { TEMPLATES } from './class-folders';
import { IGNORED, type MaskedPicture, type SegmentationClass, type SegmentationSet } from './segmentation';

const LAYOUT = 'Give a folder with images/<name>.jpg, masks/<name>.png (class indices) and classes.txt (a name a line, that of index 0 first)';
/** What pictures show beside the things that are asked for, as CLIP-ES words it; a name that is a class is left out. */
const BACKGROUND = [
  'ground', 'land', 'grass', 'tree', 'building', 'wall', 'sky', 'lake', 'water', 'river', 'sea', 'railway', 'railroad', 'keyboard', 'helmet', 'cloud', 'house', 'mountain', 'ocean', 'road',
  'rock', 'street', 'valley', 'bridge', 'sign',
];

/**
 * Pictures with masks: images/<name>.<any>, masks/<name>.png whose numbers are class indices, and classes.txt (a name a line) or classes.json (a list, or an object
 * from index to name), as PASCAL VOC numbers them: an index is the place in the list, from 0; 255 does not count. A class called "background" is whatever is none
 * of the others; without one every class is a thing like any other. Half of the pictures, by a hash of their names, fit the probe, the others test it.
 * All masks are read once. Rejects with a UserError that names the file.
 */
export async function readMaskedFolder(tree: FileTree, decode: DecodePicture): Promise<SegmentationSet> {
  const [images, masks] = [stemsIn(tree, 'images'), stemsIn(tree, 'masks')];
  if (!images.size || !masks.size) throw new UserError(`There is no folder ${images.size ? 'masks' : 'images'} with files`, tree.name, LAYOUT);
  const lonely = [...images].find(([stem]) => !masks.has(stem)) ?? [...masks].find(([stem]) => !images.has(stem));
  if (lonely) throw new UserError(`${lonely[1].path} has no ${images.has(lonely[0]) ? 'mask' : 'picture'} of the same name`, tree.name, 'Add it, or remove the file');
  const classes = classesOf(await classNames(tree));
  const pictures: MaskedPicture[] = [];
  for (const [stem, image] of images) {
    const mask = masks.get(stem)!;
    await verifyMask(image, mask, classes);
    pictures.push({ name: stem, load: async () => ({ picture: await decode(image), mask: await readIndexPng(mask) }) });
  }
  const [fit, test] = [0, 1].map((half) => pictures.filter(({ name }) => (hashOf(name) & 1) === half)) as [MaskedPicture[], MaskedPicture[]];
  return { name: tree.name, nature: 'pictures and masks', classes, pictures, ...(fit.length && test.length && { probe: { fit, test } }) };
}

/** Files directly in folders of this name, by their names without ending. */
function stemsIn({ name, files }: FileTree, folder: string): Map<string, FileEntry> {
  const found = new Map<string, FileEntry>();
  for (const file of files) {
    const [, own, stem] = /(?:^|\/)([^/]+)\/([^/]+)\.[^./]+$/.exec(file.path) ?? [];
    if (own?.toLowerCase() !== folder || !stem || stem.startsWith('.')) continue;
    if (found.has(stem)) throw new UserError(`${found.get(stem)!.path} and ${file.path} have the same name`, name, 'Keep one of them');
    found.set(stem, file);
  }
  return found;
}

async function classNames({ name, files }: FileTree): Promise<string[]> {
  const file = files.find(({ path }) => /(^|\/)classes\.(txt|json)$/i.test(path));
  if (!file) throw new UserError('The names of the classes are missing', name, LAYOUT);
  const text = new TextDecoder().decode(await file.read()).replace(/^\uFEFF/, '');
  const names = /\.json$/i.test(file.path) ? namesInJson(text, file.path) : text.trim().split(/\r?\n/).map((line) => line.trim());
  const empty = names.findIndex((one) => !one);
  const twice = names.findIndex((one, i) => names.indexOf(one) < i);
  if (names.length < 2 || names.length > IGNORED) throw new UserError(`There are ${empty === 0 ? 0 : names.length} classes`, file.path, `Name 2 to ${IGNORED} classes, a line each`);
  if (empty >= 0) throw new UserError(`The class with the index ${empty} has no name`, file.path, 'Name every class, a line each');
  if (twice >= 0) throw new UserError(`The classes with the indices ${names.indexOf(names[twice]!)} and ${twice} are both called "${names[twice]}"`, file.path, 'Give every class a name of its own');
  return names;
}

function namesInJson(text: string, file: string): string[] {
  const given = parseJson(text, file, z.union([z.array(z.string()), z.record(z.string().regex(/^\d{1,3}$/), z.string())]));
  return Array.isArray(given) ? given : Array.from({ length: 1 + Math.max(...Object.keys(given).map(Number)) }, (_, index) => given[index]?.trim() ?? '');
}

function classesOf(names: readonly string[]): SegmentationClass[] {
  const spoken = names.map((name) => name.replaceAll('_', ' ').trim());
  return spoken.map((name) => {
    if (/^background$/i.test(name)) return { name, background: true, prompts: BACKGROUND.filter((thing) => !spoken.includes(thing)).map((thing) => `a photo of ${thing}.`) };
    return { name, prompts: TEMPLATES.map((template) => template.replaceAll('{}', name)) };
  });
}

async function verifyMask(image: FileEntry, file: FileEntry, classes: readonly SegmentationClass[]): Promise<void> {
  const verdict = await examinePicture(image);
  if (verdict.status !== 'image') throw new UserError(`The file is ${verdict.status === 'ignored' ? 'no picture' : verdict.reason}`, image.path, 'Replace it, or remove it and its mask');
  const mask = await readIndexPng(file);
  if (mask.width !== verdict.width || mask.height !== verdict.height) throw new UserError(`The mask is ${mask.width} x ${mask.height} pixels, its picture ${verdict.width} x ${verdict.height}`, file.path, 'Give the mask the size of its picture');
  const unknown = mask.data.findIndex((index) => index >= classes.length && index !== IGNORED);
  if (unknown < 0) return;
  const [x, y] = [unknown % mask.width, Math.floor(unknown / mask.width)];
  throw new UserError(`The mask has the class ${mask.data[unknown]!} where x is ${x} and y ${y}, but only 0 to ${classes.length - 1} have names`, file.path, `Name the class in classes.txt, or set its pixels to ${IGNORED}, which does not count`);
}

function hashOf(name: string): number {
  return [...name].reduce((sum, char) => hash(sum ^ char.codePointAt(0)!), 0x811c9dc5);
}
