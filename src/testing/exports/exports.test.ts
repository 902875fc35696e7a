import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../data/safetensors';
import { createNodeOrt } from '../../executors/ort-node';
import { ReferenceExecutor } from '../../executors/reference';
import { PASS } from '../conformance';
import { runGoldens } from '../grad-cases';

const FOLDER = new URL('.', import.meta.url);
const NAMES = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []));

/** Against PyTorch in float64: what storing float32 costs, and what computing in float32 does over some hundred operators. */
const EXECUTORS = [['reference', () => new ReferenceExecutor(), 1e-5], ['ort', createNodeOrt, 1e-4]] as const;

describe.each(EXECUTORS)('models in the style of those that people export, on %s', (_, open, rel) => {
  it.each(NAMES)('%s gives PyTorch\'s outputs and gradients', async (name) => {
    const [model, goldens] = ['onnx', 'safetensors'].map((ending) => readFileSync(new URL(`${name}.${ending}`, FOLDER))) as [Buffer, Buffer];
    const grads = [...readSafetensors(goldens, name).tensors.keys()].flatMap((key) => (key.startsWith('grad/') ? [key.slice(5)] : []));
    expect(grads.length).toBeGreaterThan(5);
    const executor = open();
    expect(await runGoldens(executor, model, goldens, { name, grads, rel, abs: 1e-6 })).toEqual(PASS);
    await executor.dispose();
  });
});
