/** Imports point one way: a room may import from those it is listed with, and from itself. */
const ROOMS = {
  ir: [],
  ops: ['ir'],
  onnx: ['ir', 'ops', 'passes'],
  autodiff: ['ir', 'ops'],
  passes: ['ir', 'ops', 'autodiff'],
  kernels: ['ir'],
  gpu: ['ir'],
  compile: ['ir', 'ops', 'passes', 'kernels', 'gpu'],
  executors: ['ir', 'ops', 'onnx', 'passes', 'compile', 'gpu'],
  data: ['ir'],
  models: ['ir', 'ops', 'onnx', 'passes', 'executors', 'data'],
  recipes: ['ir', 'ops', 'onnx', 'autodiff', 'passes', 'executors', 'data', 'models'],
  train: ['ir', 'ops', 'onnx', 'autodiff', 'passes', 'executors', 'data', 'models', 'recipes'],
  pretrain: ['ir', 'ops', 'onnx', 'autodiff', 'passes', 'executors', 'data', 'models', 'train'],
  eval: ['ir', 'ops', 'executors', 'data', 'models', 'train'],
  intake: ['ir', 'ops', 'onnx', 'passes', 'executors', 'data', 'models', 'recipes', 'eval'],
  engine: ['ir', 'ops', 'onnx', 'autodiff', 'passes', 'gpu', 'executors', 'data', 'models', 'recipes', 'train', 'eval', 'intake'],
  state: ['engine/api'],
  ui: ['state', 'engine/api'],
  cli: ['ir', 'ops', 'onnx', 'autodiff', 'passes', 'gpu', 'compile', 'executors', 'data', 'models', 'recipes', 'train', 'eval', 'intake', 'pretrain'],
};

const TEST = '\\.test\\.tsx?$|^src/testing/';
const allowed = (room, targets) => `^src/(${[room, ...targets].join('|')})(/|\\.ts)`;

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { pathNot: TEST }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-test-imports', severity: 'error', from: { pathNot: TEST }, to: { path: TEST } },
    ...Object.entries(ROOMS).map(([room, targets]) => ({
      name: `layer-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: TEST },
      to: { path: '^src/', pathNot: allowed(room, targets) },
    })),
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' }, tsConfig: { fileName: 'tsconfig.json' } },
};
