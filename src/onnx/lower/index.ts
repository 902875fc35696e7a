import { ACTIVATIONS } from './activations';
import { ARITHMETIC } from './arithmetic';
import { ATTENTION } from './attention';
import { CONSTANTS } from './constants';
import { CONTRACTIONS } from './contractions';
import { CONTROL } from './control';
import { GRID_SAMPLE } from './grid-sample';
import { INDEXING } from './indexing';
import type { Lower } from './lowering';
import { MOVEMENT } from './movement';
import { NORMALIZATIONS } from './normalizations';
import { PAD } from './pad';
import { POOLING } from './pooling';
import { QUANTIZATION } from './quantization';
import { REDUCTIONS } from './reductions';
import { RESIZE } from './resize';

/** ONNX operators in terms of the IR's. */
export const LOWERINGS: ReadonlyMap<string, Lower> = new Map(
  [ACTIVATIONS, ARITHMETIC, ATTENTION, CONSTANTS, CONTRACTIONS, CONTROL, GRID_SAMPLE, INDEXING, MOVEMENT, NORMALIZATIONS, PAD, POOLING, QUANTIZATION, REDUCTIONS, RESIZE].flatMap((family) => Object.entries(family)),
);
