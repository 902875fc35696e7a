import * as ort from 'onnxruntime-node';
import { OrtExecutor, type Ort } from './ort';

/**
 * ONNX Runtime's native CPU build, in Node.
 *
 * @param threads how many work on one operator; by default one for each core
 */
export function createNodeOrt(threads?: number): OrtExecutor {
  const options = { executionProviders: ['cpu'], graphOptimizationLevel: 'all', ...(threads !== undefined && { intraOpNumThreads: threads }) } as const;
  return new OrtExecutor(ort as unknown as Ort, `ONNX Runtime ${ort.env.versions.node ?? ''} (native CPU)`, options);
}
