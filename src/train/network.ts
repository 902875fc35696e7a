import type { Graph } from '../ir/graph';
import { sizeOf, tensorFrom, zeros, type DType, type Tensor } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { RandomStream } from './random';

/** How a parameter starts: normal with a standard deviation, or one number everywhere. */
export type Init = { readonly std: number } | { readonly value: number };

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
}

/** A graph whose parameters are inputs, after its own. */
export interface NetworkGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

const none = {};

/** Builds a network: a graph builder with the layers that networks are made of. Layers call their parameters as transformers and diffusers do. */
export class Network {
  readonly builder: GraphBuilder;
  private readonly declared = new Map<string, Parameter>();

  constructor(name: string) {
    this.builder = new GraphBuilder(name);
  }

  build(outputs: readonly string[]): NetworkGraph {
    return { graph: this.builder.build(outputs), parameters: [...this.declared.values()] };
  }

  input(name: string, shape: readonly number[], dtype: DType = 'float32'): string {
    return this.builder.input(name, { dtype, shape });
  }

  shape(value: string): readonly number[] {
    return this.builder.type(value).shape;
  }

  parameter(name: string, shape: readonly number[], init: Init): string {
    this.declared.set(name, { name, shape, init });
    return this.builder.input(name, { dtype: 'float32', shape });
  }

  plus(a: string, b: string | number): string {
    return this.builder.add('Add', [a, this.value(b)], none);
  }

  minus(a: string, b: string): string {
    return this.builder.add('Sub', [a, b], none);
  }

  times(a: string, b: string | number): string {
    return this.builder.add('Mul', [a, this.value(b)], none);
  }

  matmul(a: string, b: string): string {
    return this.builder.add('MatMul', [a, b], none);
  }

  reshape(value: string, shape: readonly number[], output?: string): string {
    return this.builder.add('Reshape', [value], { shape }, output === undefined ? {} : { output });
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.builder.add('Transpose', [value], { perm });
  }

  concat(values: readonly string[], axis: number): string {
    return this.builder.add('Concat', values, { axis });
  }

  /** Elements `from` to `to` along one axis. */
  slice(value: string, axis: number, from: number, to: number): string {
    const shape = this.shape(value);
    const along = (edge: number, whole: (dim: number) => number): number[] => shape.map((dim, i) => (i === axis ? edge : whole(dim)));
    return this.builder.add('Slice', [value], { starts: along(from, () => 0), ends: along(to, (dim) => dim), steps: shape.map(() => 1) });
  }

  /** The mean of all elements, a scalar. */
  mean(value: string, output?: string): string {
    return this.builder.add('ReduceMean', [value], { axes: this.shape(value).map((_, axis) => axis), keepdims: false }, output === undefined ? {} : { output });
  }

  /** x sigmoid(x) */
  silu(x: string): string {
    return this.times(x, this.builder.add('Sigmoid', [x], none));
  }

  /** log(1 + e^x) */
  softplus(x: string): string {
    return this.builder.add('Softplus', [x], none);
  }

  /** x sigmoid(1.702 x) */
  quickGelu(x: string): string {
    return this.times(x, this.builder.add('Sigmoid', [this.times(x, 1.702)], none));
  }

  /** x (1 + erf(x / sqrt 2)) / 2 */
  gelu(x: string): string {
    return this.times(this.times(x, 0.5), this.plus(this.builder.add('Erf', [this.times(x, Math.SQRT1_2)], none), 1));
  }

  /** x W^T + b over the last axis; W [out,in] as PyTorch stores it. */
  linear(name: string, x: string, out: number, options: { readonly bias?: boolean; readonly std?: number } = {}): string {
    const from = this.shape(x).at(-1)!;
    const weight = this.parameter(`${name}.weight`, [out, from], { std: options.std ?? Math.sqrt(1 / from) });
    const product = this.matmul(x, this.transpose(weight, [1, 0]));
    return options.bias === false ? product : this.plus(product, this.parameter(`${name}.bias`, [out], { value: 0 }));
  }

  /** x [N,C,H,W]; padded so that a stride of 1 keeps the size and a stride of 2 halves it. */
  conv(name: string, x: string, out: number, { kernel = 3, stride = 1, std }: { readonly kernel?: number; readonly stride?: number; readonly std?: number } = {}): string {
    const from = this.shape(x)[1]!;
    const pad = kernel > stride ? (kernel - 1) >> 1 : 0;
    const weight = this.parameter(`${name}.weight`, [out, from, kernel, kernel], { std: std ?? Math.sqrt(1 / (from * kernel * kernel)) });
    const bias = this.parameter(`${name}.bias`, [out], { value: 0 });
    return this.builder.add('Conv', [x, weight, bias], { strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1], group: 1 });
  }

  layerNorm(name: string, x: string): string {
    const shape = this.shape(x);
    const width = shape.at(-1)!;
    const normal = this.builder.add('Normalize', [x], { axis: shape.length - 1, epsilon: 1e-5 });
    return this.plus(this.times(normal, this.parameter(`${name}.weight`, [width], { value: 1 })), this.parameter(`${name}.bias`, [width], { value: 0 }));
  }

  /** x [N,C,H,W], normalised over a group's channels and all places. */
  groupNorm(name: string, x: string, groups: number, epsilon: number): string {
    const shape = this.shape(x) as [number, number, number, number];
    const [n, c, h, w] = shape;
    const grouped = this.reshape(x, [n, groups, (c / groups) * h * w]);
    const normal = this.reshape(this.builder.add('Normalize', [grouped], { axis: 2, epsilon }), shape);
    const perChannel = (part: string, value: number): string => this.reshape(this.parameter(`${name}.${part}`, [c], { value }), [1, c, 1, 1]);
    return this.plus(this.times(normal, perChannel('weight', 1)), perChannel('bias', 0));
  }

  /** softmax(q k^T / sqrt d + mask) v; q [N,T,H d], k and v [N,S,H d] -> [N,T,H d] */
  attention(q: string, k: string, v: string, heads: number, mask?: string): string {
    const [n, t, width] = this.shape(q) as [number, number, number];
    const split = (value: string, perm: readonly number[]): string => this.transpose(this.reshape(value, [n, this.shape(value)[1]!, heads, width / heads]), perm);
    const scores = this.matmul(this.times(split(q, [0, 2, 1, 3]), Math.sqrt(heads / width)), split(k, [0, 2, 3, 1]));
    const weights = this.builder.add('Softmax', [mask === undefined ? scores : this.plus(scores, mask)], { axis: 3 });
    return this.reshape(this.transpose(this.matmul(weights, split(v, [0, 2, 1, 3])), [0, 2, 1, 3]), [n, t, width]);
  }

  /** - mean over rows of sum over columns of target log softmax(logits); both [N,K] */
  crossEntropy(logits: string, target: string): string {
    const shifted = this.minus(logits, this.builder.add('ReduceMax', [logits], { axes: [1], keepdims: true }));
    const total = this.builder.add('ReduceSum', [this.builder.add('Exp', [shifted], none)], { axes: [1], keepdims: true });
    const logs = this.minus(shifted, this.builder.add('Log', [total], none));
    return this.times(this.mean(this.builder.add('ReduceSum', [this.times(target, logs)], { axes: [1], keepdims: false })), -1);
  }

  /** Every element of [N,C,H,W] repeated twice along height and width. */
  upsample(x: string): string {
    const [n, c, h, w] = this.shape(x) as [number, number, number, number];
    const apart = this.builder.add('Expand', [this.reshape(x, [n, c, h, 1, w, 1])], { shape: [n, c, h, 2, w, 2] });
    return this.reshape(apart, [n, c, 2 * h, 2 * w]);
  }

  private value(given: string | number): string {
    return typeof given === 'number' ? this.builder.constant(given) : given;
  }
}

/** The networks here hold no weights but constants. */
export const inlineBytes = (ref: { readonly kind: string; readonly bytes?: Uint8Array }): Promise<Uint8Array> => Promise.resolve(ref.bytes!);

/** The parameters' values before the first step, each from the seed and its place in the list. */
export function initialWeights(parameters: readonly Parameter[], seed: number): Record<string, Tensor> {
  return Object.fromEntries(parameters.map(({ name, shape, init }, place) => [name, initial(shape, init, new RandomStream(seed, 'init', { step: place }))]));
}

function initial(shape: readonly number[], init: Init, stream: RandomStream): Tensor {
  if ('std' in init) return { dtype: 'float32', shape, data: stream.normals(sizeOf(shape)).map((value) => value * init.std) };
  return init.value === 0 ? zeros('float32', shape) : tensorFrom('float32', shape, new Float64Array(sizeOf(shape)).fill(init.value));
}
