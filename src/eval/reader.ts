import type { Executor, Program } from '../executors/executor';
import { UserError } from '../ir/errors';
import { tensorFrom, toNumbers, type Tensor } from '../ir/tensor';
import type { Tokenizer } from '../models/tokenizer';
import { adamwGraph, adamwInputs, adamwState, averageOf } from '../train/adamw';
import { initialWeights, inlineBytes, Network, type NetworkGraph } from '../train/network';
import { RandomStream } from '../train/random';
import { learningRate } from '../train/schedule';
import { accumulateGraph } from '../train/step';
import type { VqaItem } from './vqa';

/** Tokens [count, width] of each picture, from a frozen tower. */
export interface PictureTokens {
  readonly count: number;
  readonly width: number;
  readonly of: readonly Float32Array[];
}

export interface ReaderSettings {
  readonly seed: number;
  readonly steps: number;
  /** Pictures of a step, and questions about each. */
  readonly pictures: number;
  readonly questions: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly lr: number;
  readonly warmup: number;
}

export const READER: ReaderSettings = { seed: 1, steps: 1000, pictures: 32, questions: 8, width: 64, layers: 2, heads: 4, lr: 2e-3, warmup: 50 };

const OPTIMIZER = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.05, clipNorm: 1, average: 0.99 };

/** What the graphs are built for. */
interface Shape {
  readonly pictures: number;
  readonly questions: number;
}

/**
 * A small transformer that answers yes/no questions about a picture from its vision tokens alone, as multimodal models read a frozen tower. A question
 * (CLIP's tokenizer, embeddings of the reader's own) attends to the picture, layer by layer; the answer is read off what has become of it.
 */
export class Reader {
  private epoch = -1;
  private permutation: Uint32Array = new Uint32Array(0);

  private constructor(
    private readonly program: Program,
    private readonly vocabulary: Vocabulary,
    private readonly tokens: PictureTokens,
    private readonly settings: ReaderSettings,
  ) {}

  /**
   * Learns to read from the items. The same tokens, items and settings give the same reader.
   *
   * @param onStep called after each step with its loss
   */
  static async train(items: readonly VqaItem[], tokens: PictureTokens, tokenizer: Tokenizer, executor: Executor, settings: ReaderSettings, onStep?: (step: number, loss: number) => void): Promise<Reader> {
    const vocabulary = new Vocabulary(items.map(({ question }) => question), tokenizer);
    const loss = lossGraph(settings, tokens, vocabulary);
    const names = loss.parameters.map(({ name }) => name);
    const graphs = {
      accumulate: accumulateGraph({ graph: loss.graph, parameters: names }, 1),
      update: adamwGraph(loss.parameters, OPTIMIZER),
      answer: answerGraph(settings, tokens, vocabulary),
    };
    const program = await executor.compile({ graphs, state: adamwState(initialWeights(loss.parameters, settings.seed)), weights: inlineBytes });
    const reader = new Reader(program, vocabulary, tokens, settings);
    await reader.learn(items, onStep);
    const averages = await program.readState(names.map(averageOf));
    await program.writeState(Object.fromEntries(names.map((name) => [name, averages[averageOf(name)]!])));
    return reader;
  }

  /** Whether each item is answered right. */
  async answer(items: readonly VqaItem[]): Promise<boolean[]> {
    const { pictures } = this.settings;
    const right: boolean[] = [];
    for (let at = 0; at < items.length; at += pictures) {
      const some = items.slice(at, at + pictures);
      const padded = Array.from({ length: pictures }, (_, i) => some[i] ?? some[0]!);
      const { logits } = await this.program.run('answer', this.feeds(padded.map((item) => [item])));
      const values = toNumbers(logits!);
      right.push(...some.map(({ answer }, i) => values[2 * i]! > values[2 * i + 1]! === (answer === 'yes')));
    }
    return right;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private async learn(items: readonly VqaItem[], onStep?: (step: number, loss: number) => void): Promise<void> {
    const { seed, steps, pictures, questions, lr, warmup } = this.settings;
    const byPicture = groupedByPicture(items);
    for (let step = 0; step < steps; step++) {
      const some = Array.from({ length: pictures }, (_, draw) => {
        const place = step * pictures + draw;
        const epoch = Math.floor(place / byPicture.length);
        const about = byPicture[this.order(epoch, byPicture.length)[place % byPicture.length]!]!;
        const order = new RandomStream(seed, 'captions', { step, draw }).permutation(about.length);
        return Array.from({ length: questions }, (_, i) => about[order[i % about.length]!]!);
      });
      const { loss } = await this.program.run('accumulate', { ...this.feeds(some), answers: answersOf(some.flat()) });
      await this.program.run('update', adamwInputs(step, learningRate(step + 1, { lr, warmup, steps: steps + 1 }), OPTIMIZER));
      const value = toNumbers(loss!)[0]!;
      if (!Number.isFinite(value)) throw new UserError(`The reader's loss is no longer a number at step ${step + 1}`, 'vqa', 'The model\'s tokens are too large or damaged: take the model from its source again');
      onStep?.(step + 1, value);
    }
  }

  /** The pictures' order in an epoch. */
  private order(epoch: number, count: number): Uint32Array {
    if (epoch !== this.epoch) [this.epoch, this.permutation] = [epoch, new RandomStream(this.settings.seed, 'order', { step: epoch }).permutation(count)];
    return this.permutation;
  }

  /** The tokens of each picture, and the words of each question about it. */
  private feeds(groups: readonly (readonly VqaItem[])[]): Record<string, Tensor> {
    const { count, width, of } = this.tokens;
    const data = new Float32Array(groups.length * count * width);
    groups.forEach(([item], i) => data.set(of[item!.picture]!, i * count * width));
    const questions = groups.flat();
    return {
      tokens: { dtype: 'float32', shape: [groups.length, count, width], data },
      words: tensorFrom('int64', [questions.length, this.vocabulary.length], questions.flatMap(({ question }) => this.vocabulary.encode(question))),
    };
  }
}

/** The words of some questions, numbered from 1; 0 stands for any other. */
class Vocabulary {
  private readonly numbers = new Map<number, number>();
  /** Words of a question: as many as tell the given ones apart. */
  readonly length: number;

  constructor(questions: readonly string[], private readonly tokenizer: Tokenizer) {
    const encoded = [...new Set(questions)].map((question) => tokenizer.encode(question));
    const told = Array.from({ length: tokenizer.length }, (_, place) => encoded.some((ids) => ids[place] !== encoded[0]![place]));
    this.length = Math.max(1, told.lastIndexOf(true) + 1);
    for (const id of encoded.flat()) if (!this.numbers.has(id)) this.numbers.set(id, this.numbers.size + 1);
  }

  get size(): number {
    return this.numbers.size + 1;
  }

  encode(question: string): number[] {
    return this.tokenizer.encode(question).slice(0, this.length).map((id) => this.numbers.get(id) ?? 0);
  }
}

function groupedByPicture(items: readonly VqaItem[]): VqaItem[][] {
  const groups = new Map<number, VqaItem[]>();
  for (const item of items) groups.set(item.picture, [...(groups.get(item.picture) ?? []), item]);
  return [...groups.values()];
}

/** float32 [N,2]: yes, no */
function answersOf(items: readonly VqaItem[]): Tensor {
  return tensorFrom('float32', [items.length, 2], items.flatMap(({ answer }) => (answer === 'yes' ? [1, 0] : [0, 1])));
}

function lossGraph(settings: ReaderSettings, tokens: PictureTokens, vocabulary: Vocabulary): NetworkGraph {
  const net = new Network('reader');
  const logits = readerLogits(net, settings, settings, tokens, vocabulary);
  const loss = net.crossEntropy(logits, net.input('answers', [settings.pictures * settings.questions, 2]));
  return net.build([net.reshape(loss, [], 'loss')]);
}

function answerGraph(settings: ReaderSettings, tokens: PictureTokens, vocabulary: Vocabulary): NetworkGraph['graph'] {
  const net = new Network('answer');
  const logits = readerLogits(net, { pictures: settings.pictures, questions: 1 }, settings, tokens, vocabulary);
  return net.build([net.reshape(logits, net.shape(logits), 'logits')]).graph;
}

/**
 * tokens [B,S,D], words int64 [B Q,T] -> logits [B Q,2]. A question is the sum of its words, each scaled by the vector of its place (the position encoding of
 * memory networks, arXiv 1503.08895, learnt here); then, layer by layer, it attends to the picture and passes a perceptron.
 */
function readerLogits(net: Network, { pictures, questions }: Shape, { width, layers, heads }: ReaderSettings, tokens: PictureTokens, vocabulary: Vocabulary): string {
  const [rows, length] = [pictures * questions, vocabulary.length];
  const perceptron = (name: string, x: string): string => net.plus(x, net.linear(`${name}.fc2`, net.quickGelu(net.linear(`${name}.fc1`, net.layerNorm(`${name}.norm`, x), 2 * width)), width));

  const seen = net.layerNorm('picture.norm', net.input('tokens', [pictures, tokens.count, tokens.width]));
  const picture = net.plus(net.linear('picture.projection', seen, width), net.parameter('picture.position', [tokens.count, width], { std: 0.02 }));
  const table = net.parameter('words.embedding', [vocabulary.size, width], { std: 0.5 });
  const words = net.builder.add('Gather', [table, net.input('words', [rows, length], 'int64')], { axis: 0 });
  const placed = net.times(words, net.plus(net.parameter('words.position', [length, width], { std: 0.1 }), 1));
  const question = net.builder.add('ReduceSum', [placed], { axes: [1], keepdims: false });
  let x = perceptron('question.mlp', net.reshape(question, [pictures, questions, width]));
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    const asking = net.layerNorm(`${name}.norm`, x);
    const found = net.attention(net.linear(`${name}.q`, asking, width), net.linear(`${name}.k`, picture, width), net.linear(`${name}.v`, picture, width), heads);
    // What is seen times what is asked: that the two agree can be read off their product.
    const agreed = net.times(found, net.linear(`${name}.asked`, asking, width));
    x = perceptron(`${name}.mlp`, net.plus(x, net.linear(`${name}.out`, agreed, width)));
  }
  return net.linear('answer', net.layerNorm('norm', net.reshape(x, [rows, width])), 2);
}
