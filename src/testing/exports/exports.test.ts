import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../data/safetensors';
import { createNodeOrt } from '../../executors/ort-node';
import { ReferenceExecutor } from '../../executors/reference';
import { webgpuExecutor } from '../../executors/webgpu';
import { openNodeGpu } from '../../gpu/node';
import { PASS } from '../conformance';
import { runGoldens } from '../grad-cases';

const FOLDER = new URL('.', import.meta.url);
const NAMES = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));

const gpu = await openNodeGpu();

/** Against PyTorch in float64: what storing float32 costs, and what computing in float32 does over some hundred operators. */
const EXECUTORS = [['reference', new ReferenceExecutor(), 1e-5], ['ort', createNodeOrt(), 1e-4], ...(gpu ? [['webgpu', webgpuExecutor(gpu), 1e-4] as const] : [])] as const;

describe.each(EXECUTORS)('models in the style of those that people export, on %s', (_, executor, rel) => {
  afterAll(() => executor.dispose());

  it.each(NAMES)('%s gives PyTorch\'s outputs and gradients', async (name) => {
    const [model, goldens] = ['onnx', 'safetensors'].map((ending) => readFileSync(new URL(`${name}.${ending}`, FOLDER))) as [Buffer, Buffer];
    const grads = [...readSafetensors(goldens, name).tensors.keys()].flatMap((key) => (key.startsWith('grad/') ? [key.slice(5)] : []));
    expect(grads.length).toBeGreaterThan(5);
    expect(await runGoldens(executor, model, goldens, { name, grads, rel, abs: 1e-6 })).toEqual(PASS);
  }, 180_000);
});
