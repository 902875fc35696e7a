import * as ort from 'onnxruntime-node';
import { OrtExecutor, type Ort } from './ort';

/** ONNX Runtime's native CPU build, in Node. */
export function createNodeOrt(): OrtExecutor {
  return new OrtExecutor(ort as unknown as Ort, `ONNX Runtime ${ort.env.versions.node ?? ''} (native CPU)`, { executionProviders: ['cpu'], graphOptimizationLevel: 'all' });
}
