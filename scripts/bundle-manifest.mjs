// Writes public/bundled.json: what the page offers without anybody's files, with each file's size; the first of each kind is chosen on a first visit. Run it after changing public/.
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';

const ITEMS = [
  { id: 'nano-clip', kind: 'clip', folder: 'models/nano-clip', title: 'nano-CLIP', note: 'small, trained on drawn scenes by this project' },
  { id: 'nano-sd', kind: 'diffusion', folder: 'models/nano-sd', title: 'nano-SD', note: 'small, trained on drawn scenes by this project' },
  { id: 'tiny-clip', kind: 'clip', folder: 'models/tiny-clip', title: 'tiny CLIP', note: 'random weights, for trying the machinery' },
  { id: 'tiny-sd', kind: 'diffusion', folder: 'models/tiny-sd', title: 'tiny Stable Diffusion', note: 'random weights, for trying the machinery' },
  { id: 'drawings', kind: 'pictures', folder: 'pictures', title: 'drawings', note: 'shapes drawn by a script' },
  { id: 'mmvp-mini', kind: 'benchmark', folder: 'mmvp-mini', title: 'MMVP-mini', note: 'drawn pairs in the layout of MMVP-VLM' },
];

/** The small models come together or not at all: they were trained for one another. */
const NANO = ['clip', 'sd'].every((name) => existsSync(`public/models/nano-${name}`));

function files(folder) {
  return readdirSync(`public/${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return { path: path.slice(`public/${folder}/`.length), size: statSync(path).size };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const manifest = ITEMS.filter(({ folder }) => NANO || !folder.includes('nano')).map((item) => ({ ...item, files: files(item.folder) }));
writeFileSync('public/bundled.json', `${JSON.stringify(manifest)}\n`);
