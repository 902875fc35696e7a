import * as ort from 'onnxruntime-web/wasm';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { OrtExecutor, type Ort } from './ort';

/** ONNX Runtime's WASM build, in a browser's worker; with threads where the page is cross-origin isolated. */
export function createWebOrt(): OrtExecutor {
  ort.env.wasm.wasmPaths = { wasm };
  const threads = self.crossOriginIsolated ? Math.max(1, Math.min(8, navigator.hardwareConcurrency)) : 1;
  ort.env.wasm.numThreads = threads;
  return new OrtExecutor(ort as unknown as Ort, `ONNX Runtime ${ort.env.versions.web ?? ''} (WASM, ${threads} ${threads === 1 ? 'thread' : 'threads'})`, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
}
