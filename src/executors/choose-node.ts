import { openNodeGpu } from '../gpu/node';
import { UserError } from '../ir/errors';
import type { Executor } from './executor';

/**
 * The executor that the command line asks for. By default WebGPU on a hardware adapter, else ONNX Runtime, which is faster than a software adapter.
 * Throws a UserError if `kind` is unknown or cannot be had here.
 */
export async function chooseExecutor(kind: string | undefined): Promise<Executor> {
  if (kind === 'reference') return new (await import('./reference')).ReferenceExecutor();
  if (kind === 'ort') return createOrt();
  if (kind !== undefined && kind !== 'webgpu') throw new UserError(`There is no executor "${kind}"`, '--executor', 'Use webgpu, ort or reference');
  const gpu = await openNodeGpu();
  if (gpu && (kind === 'webgpu' || gpu.kind === 'hardware')) return (await import('./webgpu')).webgpuExecutor(gpu);
  gpu?.close();
  if (kind === 'webgpu') throw new UserError('There is no WebGPU adapter here', '--executor', 'Install a graphics driver (or Chromium, whose software driver is used then), or use --executor ort');
  return createOrt();
}

async function createOrt(): Promise<Executor> {
  return (await import('./ort-node')).createNodeOrt();
}
