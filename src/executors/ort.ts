import type { InferenceSession, Tensor as OrtTensor, TypedTensor } from 'onnxruntime-common';
import { unreachable } from '../ir/errors';
import type { Graph } from '../ir/graph';
import type { DType, Tensor, TypedArray } from '../ir/tensor';
import { encodeModel, STANDARD_FUNCTIONS } from '../onnx/encode';
import { inlineFunctions } from '../passes/inline';
import { nextOf, type Executor, type Program, type ProgramSource } from './executor';

/** The part of onnxruntime-node and onnxruntime-web that is used; both have it. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: new (type: OrtTensor.Type, data: OrtTensor.DataType, dims: readonly number[]) => OrtTensor;
}

/** ONNX Runtime on the CPU: native in Node, WASM in a browser. Sessions are created and run one at a time, as it demands. */
export class OrtExecutor implements Executor {
  readonly kind = 'ort';

  constructor(
    private readonly ort: Ort,
    readonly description: string,
    private readonly options: InferenceSession.SessionOptions,
  ) {}

  async compile({ graphs, state = {}, weights }: ProgramSource): Promise<Program> {
    const sessions = new Map<string, Compiled>();
    for (const [name, graph] of Object.entries(graphs)) {
      const { model } = await encodeModel(inlineFunctions(graph, STANDARD_FUNCTIONS), { weights });
      sessions.set(name, { graph, session: await this.ort.InferenceSession.create(model, this.options) });
    }
    return new OrtProgram(this.ort, sessions, new Map(Object.entries(state)));
  }

  async dispose(): Promise<void> {
    // holds nothing of its own
  }
}

interface Compiled {
  readonly graph: Graph;
  readonly session: InferenceSession;
}

class OrtProgram implements Program {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ort: Ort,
    private readonly sessions: ReadonlyMap<string, Compiled>,
    private readonly state: Map<string, Tensor>,
  ) {}

  run(name: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const result = this.turn.then(() => this.runNow(name, inputs));
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async runNow(name: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const { graph, session } = this.sessions.get(name) ?? unreachable(`no graph is named ${name}`);
    const feeds: Record<string, OrtTensor> = {};
    for (const input of graph.inputs) feeds[input] = this.feed(this.state.get(input) ?? inputs[input] ?? unreachable(`${name}: the input ${input} is not fed`));
    const results = await session.run(feeds);
    const written = new Map([...this.state.keys()].map((key) => [nextOf(key), key]));
    const outputs: Record<string, Tensor> = {};
    for (const output of graph.outputs) {
      const { dtype, shape } = graph.types.get(output)!;
      const tensor: Tensor = { dtype, shape, data: typed(dtype, (results[output] as TypedTensor<'float32'>).data as unknown as TypedArray) };
      const key = written.get(output);
      if (key === undefined) outputs[output] = tensor;
      else this.state.set(key, tensor);
    }
    return outputs;
  }

  private feed({ dtype, shape, data }: Tensor): OrtTensor {
    return new this.ort.Tensor(dtype as OrtTensor.Type, data as OrtTensor.DataType, shape);
  }

  async readState(names: readonly string[] = [...this.state.keys()]): Promise<Record<string, Tensor>> {
    await this.turn;
    return Object.fromEntries(names.map((name) => [name, copy(this.state.get(name) ?? unreachable(`no state is named ${name}`))]));
  }

  async writeState(values: Readonly<Record<string, Tensor>>): Promise<void> {
    await this.turn;
    for (const [name, tensor] of Object.entries(values)) this.state.set(name, copy(tensor));
  }

  async dispose(): Promise<void> {
    await this.turn;
    for (const { session } of this.sessions.values()) await session.release();
  }
}

/** Where a runtime has Float16Array, ONNX Runtime answers with it: its bits are what a tensor holds. */
function typed(dtype: DType, data: TypedArray): TypedArray {
  return dtype === 'float16' && !(data instanceof Uint16Array) ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
}

function copy(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}
