import { overflowCheck, type OverflowCheck } from '../compile/overflow';
import { plan, bytesOfRoot, type Plan, type PlanLimits } from '../compile/plan';
import type { Root } from '../compile/steps';
import type { Gpu } from '../gpu/device';
import { PipelineCache } from '../gpu/pipelines';
import { UserError, unreachable } from '../ir/errors';
import { typeOf, type WeightRef } from '../ir/graph';
import { describe, isFloat, sizeOf, tensorFrom, tensorFromBytes, toNumbers, type Tensor, type TensorType } from '../ir/tensor';
import { INT32, UINT32, word } from '../ir/word';
import { nextOf, type Executor, type Program, type ProgramSource, type WeightReader } from './executor';

/** How much work is handed to the device's queue at once. */
const DISPATCHES_PER_SUBMIT = 512;

/** How many elements are converted and uploaded at once. */
const UPLOAD = 2 ** 22;

export function webgpuExecutor(gpu: Gpu): Executor {
  const pipelines = new PipelineCache(gpu.device);
  const programs = new Set<GpuProgram>();
  return {
    kind: 'webgpu',
    description: gpu.description,
    async compile(source) {
      const program = new GpuProgram(gpu, pipelines);
      programs.add(program);
      await program.load(source);
      return program;
    },
    async dispose() {
      for (const program of programs) await program.dispose();
      gpu.close();
    },
  };
}

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

interface Compiled {
  readonly plan: Plan;
  readonly dispatches: readonly Dispatch[];
  readonly verifyIntegers: OverflowCheck;
}

class GpuProgram implements Program {
  private readonly graphs = new Map<string, Compiled>();
  private readonly state = new Map<string, { readonly type: TensorType; readonly buffer: GPUBuffer }>();
  private readonly weights = new Map<string, GPUBuffer>();
  private readonly sources = new WeakMap<ArrayBufferLike, number>();
  private readonly buffers: GPUBuffer[] = [];
  private arena: GPUBuffer | undefined;
  private staging: GPUBuffer | undefined;
  private sourceCount = 0;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly gpu: Gpu,
    private readonly pipelines: PipelineCache,
  ) {}

  async load({ graphs, state = {}, weights }: ProgramSource): Promise<void> {
    for (const [name, tensor] of Object.entries(state)) {
      const buffer = this.buffer(`state ${name}`, sizeOf(tensor.shape) * 4);
      this.upload(buffer, 0, tensor);
      this.state.set(name, { type: { dtype: tensor.dtype, shape: tensor.shape }, buffer });
    }
    const names = new Set(this.state.keys());
    const plans = Object.entries(graphs).map(([name, graph]) => [name, plan(graph, names, planLimits(this.gpu))] as const);
    this.arena = this.buffer('arena', Math.max(4, ...plans.map(([, { memory }]) => memory.arena)));
    const staged = plans.map(([, { outputs }]) => [...outputs.values()].reduce((sum, root) => sum + bytesOfRoot(root), 0));
    this.staging = this.buffer('staging', Math.max(4, ...staged), GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    const compiled = plans.map(async ([name, made]) => [name, await this.pipelinesOf(made)] as const);
    compiled.forEach((promise) => void promise.catch(() => undefined));
    for (const [, made] of plans) await this.readWeights(made, weights);
    for (const [at, [name, made]] of plans.entries()) this.graphs.set(name, { plan: made, dispatches: this.dispatches(made, (await compiled[at]!)[1]), verifyIntegers: overflowCheck(made.graph) });
    this.gpu.check();
  }

  run(name: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return this.serially(() => this.execute(name, inputs));
  }

  readState(names: readonly string[] = [...this.state.keys()]): Promise<Record<string, Tensor>> {
    return this.serially(async () => {
      const read: Record<string, Tensor> = {};
      for (const name of names) {
        const { buffer, type } = this.state.get(name) ?? unreachable(`no state tensor is named ${name}`);
        const bytes = Math.max(4, sizeOf(type.shape) * 4);
        const staging = this.gpu.device.createBuffer({ label: 'state read back', size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
        const encoder = this.gpu.device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
        this.gpu.device.queue.submit([encoder.finish()]);
        await staging.mapAsync(GPUMapMode.READ);
        read[name] = fromWords(type, staging.getMappedRange().slice(0));
        staging.destroy();
      }
      return read;
    });
  }

  writeState(values: Readonly<Record<string, Tensor>>): Promise<void> {
    return this.serially(async () => {
      for (const [name, tensor] of Object.entries(values)) {
        const { buffer, type } = this.state.get(name) ?? unreachable(`no state tensor is named ${name}`);
        requireType(name, tensor, type);
        this.upload(buffer, 0, tensor);
      }
      await this.gpu.device.queue.onSubmittedWorkDone();
    });
  }

  async dispose(): Promise<void> {
    await this.queue.catch(() => undefined);
    for (const buffer of this.buffers.splice(0)) buffer.destroy();
  }

  /** One piece of work at a time: graphs share the arena. */
  private serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(work).catch((error: unknown) => this.explain(error));
    this.queue = done.catch(() => undefined);
    return done;
  }

  /** A lost device fails whatever waits on it first, and tells why a task later. */
  private async explain(error: unknown): Promise<never> {
    await new Promise((resolve) => setTimeout(resolve));
    this.gpu.check();
    throw error;
  }

  private async execute(name: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    this.gpu.check();
    const { plan: made, dispatches, verifyIntegers } = this.graphs.get(name) ?? unreachable(`no graph is named ${name}`);
    verifyIntegers(inputs);
    this.writeInputs(made, inputs);
    const { device } = this.gpu;
    for (let at = 0; at < dispatches.length; at += DISPATCHES_PER_SUBMIT) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, bindings, workgroups } of dispatches.slice(at, at + DISPATCHES_PER_SUBMIT)) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindings);
        pass.dispatchWorkgroups(...workgroups);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
    const results = await this.collect(made);
    this.gpu.check();
    return results;
  }

  private writeInputs(made: Plan, inputs: Readonly<Record<string, Tensor>>): void {
    for (const [name, root] of made.inputs) {
      if (this.state.has(name)) continue;
      const tensor = inputs[name];
      if (!tensor) throw new UserError(`The input ${name} is missing`, `graph ${made.graph.name}`, `Feed a ${describe(root.type)}`);
      requireType(name, tensor, root.type);
      this.upload(this.arena!, made.offsets.get(root)!, tensor);
    }
  }

  /** Copies next states in place and the other outputs to the staging buffer, and reads those. */
  private async collect(made: Plan): Promise<Record<string, Tensor>> {
    const encoder = this.gpu.device.createCommandEncoder();
    const next = new Map([...this.state].map(([name, { buffer }]) => [nextOf(name), buffer]));
    const read: [string, number][] = [];
    let at = 0;
    for (const [name, root] of made.outputs) {
      const offset = made.offsets.get(root);
      if (offset === undefined) {
        if (sizeOf(root.type.shape)) unreachable(`the output ${name} is not in the arena`);
        read.push([name, at]);
        continue;
      }
      const target = next.get(name);
      encoder.copyBufferToBuffer(this.arena!, offset, target ?? this.staging!, target ? 0 : at, bytesOfRoot(root));
      if (target) continue;
      read.push([name, at]);
      at += bytesOfRoot(root);
    }
    this.gpu.device.queue.submit([encoder.finish()]);
    if (!at) {
      await this.gpu.device.queue.onSubmittedWorkDone();
      return Object.fromEntries(read.map(([name]) => [name, tensorFrom(typeOf(made.graph, name).dtype, typeOf(made.graph, name).shape, [])]));
    }
    await this.staging!.mapAsync(GPUMapMode.READ, 0, at);
    const bytes = this.staging!.getMappedRange(0, at).slice(0);
    this.staging!.unmap();
    return Object.fromEntries(read.map(([name, from]) => [name, fromWords(typeOf(made.graph, name), bytes, from)]));
  }

  private pipelinesOf(made: Plan): Promise<GPUComputePipeline[]> {
    return Promise.all(made.dispatches.map(({ kernel }) => this.pipelines.get(kernel.label, kernel.wgsl)));
  }

  private dispatches(made: Plan, pipelines: readonly GPUComputePipeline[]): Dispatch[] {
    return made.dispatches.map(({ kernel, roots }, at) => {
      const pipeline = pipelines[at]!;
      const entries = roots.map((root, binding) => ({ binding, resource: this.resource(made, root) }));
      return { pipeline, bindings: this.gpu.device.createBindGroup({ label: kernel.label, layout: pipeline.getBindGroupLayout(0), entries }), workgroups: kernel.workgroups };
    });
  }

  private resource(made: Plan, root: Root): GPUBufferBinding {
    const size = bytesOfRoot(root);
    const limit = this.gpu.device.limits.maxStorageBufferBindingSize;
    if (size > limit) throw new UserError(`${root.name} takes ${size} bytes, and this adapter binds at most ${limit}`, `graph ${made.graph.name}`, 'Use a smaller batch or another executor');
    if (typeof root.origin !== 'string') return { buffer: this.weights.get(this.identity(root, root.origin))! };
    const state = root.origin === 'input' ? this.state.get(root.name) : undefined;
    return state ? { buffer: state.buffer } : { buffer: this.arena!, offset: made.offsets.get(root)!, size };
  }

  /** Uploads the weights that the dispatches read, one at a time: files are large. */
  private async readWeights(made: Plan, read: WeightReader): Promise<void> {
    for (const root of new Set(made.dispatches.flatMap(({ roots }) => roots))) {
      if (typeof root.origin === 'string') continue;
      const key = this.identity(root, root.origin);
      if (this.weights.has(key)) continue;
      const buffer = this.buffer(`weight ${root.name}`, bytesOfRoot(root));
      this.upload(buffer, 0, tensorFromBytes(root.origin.dtype, root.type.shape, await read(root.origin)));
      this.weights.set(key, buffer);
    }
  }

  /** Equal for weights that may share a buffer. */
  private identity({ type }: Root, ref: WeightRef): string {
    const held = `${ref.dtype} ${describe(type)}`;
    if (ref.kind === 'file') return `${ref.location} ${ref.offset} ${ref.length} ${held}`;
    const { buffer, byteOffset, byteLength } = ref.bytes;
    if (!this.sources.has(buffer)) this.sources.set(buffer, this.sourceCount++);
    return `bytes ${this.sources.get(buffer)} ${byteOffset} ${byteLength} ${held}`;
  }

  private upload(buffer: GPUBuffer, offset: number, tensor: Tensor): void {
    const { dtype, data } = tensor;
    for (let at = 0; at < data.length; at += UPLOAD) {
      const part = data.subarray(at, at + UPLOAD);
      this.gpu.device.queue.writeBuffer(buffer, offset + at * 4, toWords({ dtype, shape: [part.length], data: part }));
    }
  }

  private buffer(label: string, bytes: number, usage: number = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST): GPUBuffer {
    const size = Math.max(4, bytes);
    const limit = this.gpu.device.limits.maxBufferSize;
    if (size > limit) throw new UserError(`The ${label} takes ${size} bytes, and a buffer of this adapter holds at most ${limit}`, '', 'Use a smaller batch or another executor');
    const buffer = this.gpu.device.createBuffer({ label, size, usage });
    this.buffers.push(buffer);
    return buffer;
  }
}

function planLimits({ device, kind, features }: Gpu): PlanLimits {
  const { limits } = device;
  return {
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    maxBindings: limits.maxStorageBuffersPerShaderStage,
    f16: features.f16,
    software: kind === 'software',
  };
}

/** A tensor as the GPU holds it: 32 bits an element. Throws a UserError for integers that these do not hold. */
function toWords(tensor: Tensor): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  if (tensor.data instanceof Float32Array || tensor.data instanceof Int32Array) return tensor.data as Float32Array<ArrayBuffer>;
  const values = toNumbers(tensor);
  if (isFloat(tensor.dtype)) return Float32Array.from(values);
  return tensor.dtype.startsWith('int') ? Int32Array.from(values, (value) => word(value, INT32)) : Uint32Array.from(values, (value) => word(value, UINT32));
}

function fromWords({ dtype, shape }: TensorType, bytes: ArrayBuffer, offset = 0): Tensor {
  const count = sizeOf(shape);
  const Words = isFloat(dtype) ? Float32Array : dtype.startsWith('int') ? Int32Array : Uint32Array;
  return tensorFrom(dtype, shape, count ? new Words(bytes, offset, count) : []);
}

function requireType(name: string, tensor: Tensor, type: TensorType): void {
  if (describe(tensor) !== describe(type)) throw new UserError(`${name} is ${describe(type)}, but ${describe(tensor)} was given`, '', 'Feed the shape and type that the graph was specialised for');
}
