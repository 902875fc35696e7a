import { UserError } from '../ir/errors';
import { producers, typeOf, type Graph, type Node } from '../ir/graph';
import type { OpAttributes } from '../ir/ops';
import { tensorFromBytes, toNumbers } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { prune } from '../passes/prune';

/** Where a CLIP leaves the token sequence for the embedding of its first token. */
interface Pick {
  /** Picks token 0 of `tokens`. */
  readonly node: Node;
  /** [B,T,C] */
  readonly tokens: string;
  /** What follows: normalisation and projection of one token. */
  readonly head: readonly Node[];
}

/**
 * The graph of a CLIP that gives one embedding a picture, made to give one a token: its head, which it applies to the first token only, is applied to all.
 *
 * @param graph pixel values -> `output` [B,D]
 * @param tokens T, class token included
 * @returns the graph with the single output `result` [B,T,D]
 */
export function headOnEveryToken(graph: Graph, output: string, tokens: number, result: string): Graph {
  const pick = findPick(graph, output, tokens);
  const [batch, , width] = typeOf(graph, pick.tokens).shape as [number, number, number];
  const builder = new GraphBuilder(graph.name, graph);
  const rows = batch * tokens;
  const moved = new Map([[pick.node.outputs[0]!, builder.add('Reshape', [pick.tokens], { shape: [rows, ...typeOf(graph, pick.node.outputs[0]!).shape.slice(1, -1), width] })]]);
  for (const node of pick.head) {
    const inputs = node.inputs.map((input) => moved.get(input) ?? input);
    moved.set(node.outputs[0]!, builder.add(node.op, inputs, onRows(node, batch, rows) as never));
  }
  const embedded = builder.add('Reshape', [moved.get(output)!], { shape: [batch, tokens, typeOf(graph, output).shape[1]!] }, { output: result });
  return prune(builder.build([embedded]));
}

/** Attributes that state the number of rows, for another number. */
function onRows(node: Node, batch: number, rows: number): OpAttributes[Node['op']] {
  if (node.op !== 'Reshape' && node.op !== 'Expand') return node.attributes;
  if (node.attributes.shape[0] !== batch) notUnderstood(node, `it makes the shape [${node.attributes.shape}]`);
  return { shape: [rows, ...node.attributes.shape.slice(1)] };
}

/** Walks back from the output to the nearest node that takes index 0 out of a sequence of `tokens`. */
function findPick(graph: Graph, output: string, tokens: number): Pick {
  const made = producers(graph);
  const fromPicture = dependents(graph, graph.inputs);
  const head = new Set<Node>();
  const waiting = [output];
  let pick: Node | undefined;
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const node = made.get(value);
    if (!node || !fromPicture.has(value) || head.has(node)) continue;
    if (picksFirst(graph, node, tokens)) {
      if (pick && pick !== node) throw new UserError(`${output} is made of several picks of a token (${pick.name}, ${node.name})`, graph.name, 'Export the vision tower of a CLIP that embeds its class token');
      pick = node;
    } else {
      head.add(node);
      waiting.push(...node.inputs);
    }
  }
  if (!pick) throw new UserError(`No place was found where ${output} is made of the first of ${tokens} tokens`, graph.name, 'Export the vision tower of a CLIP that embeds its class token, or check image_size and patch_size in config.json');
  const inside = dependents(graph, [pick.outputs[0]!]);
  const stray = [...head].find((node) => !inside.has(node.outputs[0]!));
  if (stray) notUnderstood(stray, 'it reads other tokens than the first');
  return { node: pick, tokens: pick.inputs[0]!, head: graph.nodes.filter((node) => head.has(node)) };
}

/** Gather of index 0 or a slice of length 1 at index 0, along axis 1 of [B,tokens,C]. */
function picksFirst(graph: Graph, node: Node, tokens: number): boolean {
  const { shape } = typeOf(graph, node.inputs[0]!);
  if (shape.length !== 3 || shape[1] !== tokens || tokens < 2) return false;
  if (node.op === 'Gather') return node.attributes.axis === 1 && onlyZero(graph, node.inputs[1]!);
  if (node.op !== 'Slice') return false;
  const { starts, ends } = node.attributes;
  return starts.every((start) => start === 0) && ends.every((end, axis) => end === (axis === 1 ? 1 : shape[axis]));
}

function onlyZero(graph: Graph, value: string): boolean {
  const ref = graph.initializers.get(value);
  const { shape } = typeOf(graph, value);
  return ref?.kind === 'bytes' && ref.bytes.length <= 8 && toNumbers(tensorFromBytes(ref.dtype, shape, ref.bytes)).every((index) => index === 0);
}

/** The values that depend on any of `sources`, these included. */
function dependents(graph: Graph, sources: readonly string[]): Set<string> {
  const reached = new Set(sources);
  for (const node of graph.nodes) if (node.inputs.some((input) => reached.has(input))) node.outputs.forEach((made) => reached.add(made));
  return reached;
}

function notUnderstood(node: Node, why: string): never {
  throw new UserError(`The head of this CLIP cannot be applied to every token: ${why}`, `${node.op} node ${node.name}`, 'Export the vision tower with the standard exporter');
}
