import { PROMPT } from '../../data/scenes/caption';
import { drawGroup } from '../../data/scenes/draw';
import { groupOf } from '../../data/scenes/group';
import { KINDS } from '../../data/scenes/kinds';
import { seedOf, type Split } from '../../data/scenes/scene';
import type { MaskedPicture, SegmentationSet } from '../segmentation';
import { kindPrompts } from './zero-shot-sets';

/** What the scenes' backgrounds are made of. No caption names them without a thing: the text tower never met these sentences whole. */
const BACKGROUND = ['grass', 'sand', 'snow', 'a brick wall', 'a wooden floor', 'the night'];
const SIZES = { fit: 150, test: 150 } as const;

/** Generated pictures of two to four things, always the same: those of the split `validation` fit the probe, those of `test` try both. */
export function nanoSegmentationSet(sizes: { readonly fit: number; readonly test: number } = SIZES): SegmentationSet {
  const [fit, test] = [groups('validation', sizes.fit), groups('test', sizes.test)];
  const background = { name: 'background', background: true, prompts: BACKGROUND.map((thing) => PROMPT + thing) };
  return { name: 'groups', nature: 'two to four things a picture, 25 kinds', classes: [background, ...KINDS.map((kind) => ({ name: kind.name, prompts: kindPrompts(kind) }))], pictures: test, probe: { fit, test } };
}

function groups(split: Split, count: number): MaskedPicture[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${split} ${i}`, load: async () => drawGroup(groupOf(seedOf(split, i))) }));
}
