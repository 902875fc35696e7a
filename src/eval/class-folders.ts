import { z } from 'zod';
import type { FileEntry, FileTree, Skipped } from '../data/files';
import { parseJson } from '../data/json';
import { surveyPictures, type DecodePicture } from '../data/pictures';
import { UserError } from '../ir/errors';
import type { ZeroShotSet } from './zero-shot';

/** What CLIP's authors chose out of their eighty templates for ImageNet, and the plainest. */
export const TEMPLATES: readonly string[] = [
  'a photo of a {}.', 'itap of a {}.', 'a bad photo of the {}.', 'a origami {}.', 'a photo of the large {}.', 'a {} in a video game.', 'art of the {}.', 'a photo of the small {}.',
];

const LAYOUT = 'Put the pictures of each class into a folder of the class\'s name: fox/1.jpg, red_panda/1.jpg, ...';
const SPLITS = /^(train|training|val|valid|validation|test|testing)$/i;

/**
 * Class folders in the layout of ImageNet: <class>/<picture>, however many folders deep. A folder's name is its class's, `_` read as a space, unless classnames.json
 * ({"n02119789": "kit fox"}) or classnames.txt (lines `n02119789 kit fox`) beside the folders has another for it. Classes are ordered by folder.
 * Rejects with a UserError if there are no two classes, if one has fewer than two pictures, or if two have the same name.
 */
export async function readClassFolders(tree: FileTree, decode: DecodePicture, templates: readonly string[] = TEMPLATES): Promise<{ readonly set: ZeroShotSet; readonly skipped: readonly Skipped[] }> {
  const mapping = tree.files.find(({ path }) => /(^|\/)classnames\.(json|txt)$/i.test(path));
  const { pictures, skipped } = await surveyPictures({ ...tree, files: tree.files.filter((file) => file !== mapping) });
  const folders = byFolder(pictures, skipped);
  verifyFolders(folders, tree.name);
  const ordered = [...folders.keys()].sort();
  const given = mapping ? await namesIn(mapping) : new Map<string, string>();
  const names = ordered.map((folder) => given.get(folder) ?? folder.replaceAll('_', ' '));
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0) throw new UserError(`The classes ${ordered[names.indexOf(names[twice]!)]} and ${ordered[twice]} are both called "${names[twice]}"`, mapping?.path ?? tree.name, 'Give every class a name of its own');
  const labelled = ordered.flatMap((folder, label) => folders.get(folder)!.map((file) => ({ name: file.path, label, load: () => decode(file) })));
  return { set: { name: tree.name, nature: 'class folders', classes: names.map((name) => ({ name, prompts: templates.map((template) => template.replaceAll('{}', name)) })), pictures: labelled }, skipped };
}

/** One template a line, `{}` where the class's name goes. Throws a UserError that names the line. */
export function parseTemplates(text: string, file: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).map((line) => line.trim());
  const wrong = lines.findIndex((line) => line && !line.includes('{}'));
  if (wrong >= 0) throw new UserError(`The template "${lines[wrong]!.slice(0, 60)}" has no {}`, `${file}, line ${wrong + 1}`, 'Write {} where the class\'s name goes: a photo of a {}.');
  const templates = lines.filter(Boolean);
  if (!templates.length) throw new UserError('There is no template in the file', file, 'Write one a line, with {} where the class\'s name goes: a photo of a {}.');
  return templates;
}

/** The pictures of each folder under the one that holds them all; folders that hold something else only have none. */
function byFolder(pictures: readonly FileEntry[], skipped: readonly Skipped[]): Map<string, FileEntry[]> {
  const root = commonFolder(pictures);
  const folderOf = (path: string): string => path.slice(root.length, Math.max(root.length, path.indexOf('/', root.length)));
  const folders = new Map<string, FileEntry[]>();
  for (const { path } of skipped) if (path.startsWith(root) && /^[^./]/.test(folderOf(path))) folders.set(folderOf(path), []);
  for (const picture of pictures) {
    const folder = folderOf(picture.path);
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder)!.push(picture);
  }
  return folders;
}

function verifyFolders(folders: ReadonlyMap<string, readonly FileEntry[]>, where: string): void {
  const loose = folders.get('')?.[0];
  if (folders.size < 2) throw new UserError(loose ? 'All pictures lie in one folder' : 'There are no pictures in class folders', where, LAYOUT);
  if (loose) throw new UserError(`The picture ${loose.path} lies beside the class folders`, where, 'Move it into the folder of its class, or leave it out');
  const names = [...folders.keys()];
  if (names.every((name) => SPLITS.test(name))) throw new UserError(`The folders are parts of a data set (${names.join(', ')}), not classes`, where, `Choose one of them: ${where}/${names.at(-1)}`);
  const poor = [...folders].find(([, pictures]) => pictures.length < 2);
  if (poor) throw new UserError(`The class folder ${poor[0]} has ${poor[1].length ? 'one picture only' : 'no pictures'}`, where, 'Give every class two pictures at least, or remove the folder');
}

/** What all paths begin with, up to a slash; '' for none. */
function commonFolder(files: readonly FileEntry[]): string {
  const folders = files.map(({ path }) => path.split('/').slice(0, -1));
  const [first = []] = folders;
  const differs = first.findIndex((part, depth) => folders.some((parts) => parts[depth] !== part));
  const shared = differs < 0 ? first : first.slice(0, differs);
  return shared.map((part) => `${part}/`).join('');
}

async function namesIn(file: FileEntry): Promise<Map<string, string>> {
  const text = new TextDecoder().decode(await file.read());
  if (/\.json$/i.test(file.path)) return new Map(Object.entries(parseJson(text, file.path, z.record(z.string(), z.string().min(1)))));
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return new Map(lines.flatMap((line, i): [string, string][] => {
    if (!line.trim()) return [];
    const [, folder, name] = (line.includes('\t') ? /^([^\t]+)\t(.+)$/ : /^(\S+)\s+(.+)$/).exec(line.trim()) ?? [];
    if (!folder || !name) throw new UserError(`The line "${line.slice(0, 60)}" is no folder and its class's name`, `${file.path}, line ${i + 1}`, 'Write one class a line: the folder, a space or tab, the name');
    return [[folder, name.trim()]];
  }));
}
