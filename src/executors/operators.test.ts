import { mkdirSync, writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../gpu/device';
import { openNodeGpu, softwareDrivers } from '../gpu/node';
import type { Outcome } from '../testing/conformance';
import { gradCases, runGradCase, type GradCase } from '../testing/grad-cases';
import { nodeCases, runNodeCase, type NodeCase } from '../testing/node-cases';
import { OperatorTable, type Column } from '../testing/operator-table';
import { hasShared } from '../testing/shared';
import type { Executor } from './executor';
import { OrtExecutor, type Ort } from './ort';
import { ReferenceExecutor } from './reference';
import { webgpuExecutor } from './webgpu';

/** Runs every case on every executor and software adapter and writes docs/operators.md; otherwise WebGPU, which compiles a pipeline for every shape, runs a few cases of each operator on one adapter. */
const DOCUMENT = process.env.DOCUMENT_OPERATORS !== undefined;
const SAMPLE = 2;

/** All software adapters, or the one that everything runs on. */
async function adapters(): Promise<Gpu[]> {
  if (!hasShared) return [];
  const opened: (Gpu | undefined)[] = [];
  for (const driver of DOCUMENT ? softwareDrivers() : [undefined]) opened.push(await openNodeGpu(driver));
  return opened.flatMap((gpu) => gpu ?? []);
}

const SOFTWARE: readonly (readonly [string, RegExp])[] = [['SwiftShader', /swiftshader/i], ['lavapipe', /llvmpipe/i]];
const gpus = await adapters();
const EXECUTORS: readonly (readonly [Column, () => Executor])[] = [
  ['reference', () => new ReferenceExecutor()],
  // One thread: sessions of a few numbers are made by the hundred.
  ['ort', () => new OrtExecutor(ort as unknown as Ort, 'ONNX Runtime', { executionProviders: ['cpu'], graphOptimizationLevel: 'all', intraOpNumThreads: 1, logSeverityLevel: 3 })],
  ...gpus.map((gpu) => [`webgpu (${SOFTWARE.find(([, pattern]) => pattern.test(gpu.description))?.[0] ?? gpu.description})`, () => webgpuExecutor(gpu)] as const),
];

const onGpu = (column: Column): boolean => column.startsWith('webgpu');

/** Cases that an executor cannot be asked. */
function inapplicable(column: Column, { name }: NodeCase): string | undefined {
  if (column === 'reference' && name.startsWith('test_dynamicquantizelinear') && !/(adjusted|min_)/.test(name)) return "a value halfway between two steps: float32's rounding decides, the reference computes in float64";
  return undefined;
}

/** All refusals there may be. Anything else that is no pass fails its test. */
const REFUSALS: readonly (readonly [Column, RegExp])[] = [
  ['ort', /^ONNX Runtime has no kernel for TopK of this type$/],
];

function unexpected(column: Column, name: string, { status, reason }: Outcome): string[] {
  const fine = status === 'pass' || status === 'not applicable' || (status === 'refused' && REFUSALS.some(([executor, known]) => executor === column && known.test(reason)));
  return fine ? [] : [`${name}: ${status}, ${reason}`];
}

function grouped<T>(cases: readonly T[], key: (test: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const test of cases) (groups.get(key(test)) ?? groups.set(key(test), []).get(key(test))!).push(test);
  return [...groups];
}

const sampled = <T>(column: Column, cases: readonly T[]): readonly T[] => (onGpu(column) && !DOCUMENT ? cases.slice(0, SAMPLE) : cases);

const table = new OperatorTable(EXECUTORS.map(([column]) => column), gpus.map(({ description, features }) => `${description}${features.f16 ? ' with f16' : ''}`));

describe.skipIf(!hasShared).each(EXECUTORS)('%s', (column, create) => {
  const executor = create();
  afterAll(() => executor.dispose());

  describe("ONNX's node tests (shared/fixtures/onnx-node)", () => {
    it.each(grouped(nodeCases, ({ op }) => op))('%s', async (op, cases) => {
      const wrong: string[] = [];
      for (const test of sampled(column, [...cases].sort((a, b) => Number(a.expanded) - Number(b.expanded)))) {
        const reason = inapplicable(column, test);
        const outcome: Outcome = reason ? { status: 'not applicable', reason } : await runNodeCase(executor, test);
        table.record('forward', column, test.name, [op], outcome);
        wrong.push(...unexpected(column, test.name, outcome));
      }
      expect(wrong).toEqual([]);
    });
  });

  describe('gradients against PyTorch (shared/fixtures/op-grads)', () => {
    it.each(grouped(gradCases, ({ ops }) => ops[0]!))('%s', async (_, cases) => {
      const wrong: string[] = [];
      for (const test of sampled<GradCase>(column, cases)) {
        const outcome = await runGradCase(executor, test);
        table.record('gradient', column, test.name, test.ops, outcome);
        wrong.push(...unexpected(column, test.name, outcome));
      }
      expect(wrong).toEqual([]);
    });
  });
});

afterAll(() => {
  if (!DOCUMENT || !hasShared) return;
  expect(gpus.map(({ description }) => description), 'all software adapters').toEqual(SOFTWARE.map(([, pattern]) => expect.stringMatching(pattern)));
  mkdirSync('docs', { recursive: true });
  writeFileSync('docs/operators.md', table.markdown());
});
