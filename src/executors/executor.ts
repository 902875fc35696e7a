import type { Graph, WeightRef } from '../ir/graph';
import type { Tensor } from '../ir/tensor';

export type ExecutorKind = 'webgpu' | 'ort' | 'reference';

/** Reads the stored bytes of a weight (of `ref.dtype`). Rejects with a UserError if the file is missing or too short. */
export type WeightReader = (ref: WeightRef) => Promise<Uint8Array>;

/** The graph output that replaces the state tensor `name` when a run ends. */
export function nextOf(name: string): string {
  return `${name}.next`;
}

/** Graphs that share persistent tensors: a graph input named like a state tensor reads it, a graph output named nextOf(name) replaces it. */
export interface ProgramSource {
  readonly graphs: Readonly<Record<string, Graph>>;
  /** Initial values. A state tensor may be read by several graphs and written by several. */
  readonly state?: Readonly<Record<string, Tensor>>;
  readonly weights: WeightReader;
}

export interface Program {
  /** Runs one graph. `inputs` are its inputs that are not state; the answer holds its outputs that are not state. All reads of state come before all writes. */
  run(graph: string, inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Copies of state tensors; all of them by default. */
  readState(names?: readonly string[]): Promise<Record<string, Tensor>>;
  writeState(values: Readonly<Record<string, Tensor>>): Promise<void>;
  dispose(): Promise<void>;
}

export interface Executor {
  readonly kind: ExecutorKind;
  /** Adapter or library with its version, for people and for run.json. */
  readonly description: string;
  compile(source: ProgramSource): Promise<Program>;
  dispose(): Promise<void>;
}
