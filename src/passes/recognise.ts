import { consumers, producers, verify, type Graph, type Node } from '../ir/graph';
import { attention } from './attention';
import { gelu } from './gelu';
import { normalisation } from './normalisation';
import type { Match } from './pattern';

const PATTERNS = [normalisation, gelu, attention];

export interface Names {
  has(name: string): boolean;
}

/**
 * Replaces what an exporter wrote out of primitives by functions: normalisations by Normalize, activations by Gelu, large attentions by Attention. A value inside that anything else reads, or that is an
 * output of the graph, prevents it, and so does a constant of `weights` that is read elsewhere, whose gradient could be asked for, or is one of `wrt`, whose gradient is.
 */
export function recognise(graph: Graph, weights: Names, wrt: Names): Graph {
  const readers = consumers(graph);
  const made = producers(graph);
  let matches = graph.nodes.flatMap((last) => PATTERNS.flatMap((pattern) => pattern(graph, made, last)).filter((match) => isClosed(graph, readers, match, last)).slice(0, 1));
  for (let count = Infinity; matches.length < count; ) {
    count = matches.length;
    const replaced = new Set(matches.flatMap((match) => [...match.replaced]));
    matches = matches.filter(({ scalars }) => [...scalars].every((name) => !wrt.has(name) && (!weights.has(name) || readers.get(name)!.every((node) => replaced.has(node)))));
  }
  return matches.length ? rewritten(graph, matches) : graph;
}

function isClosed({ outputs }: Graph, readers: ReadonlyMap<string, readonly Node[]>, { replaced }: Match, last: Node): boolean {
  return [...replaced].every((node) => node === last || node.outputs.every((value) => !outputs.includes(value) && readers.get(value)!.every((reader) => replaced.has(reader))));
}

function rewritten(graph: Graph, matches: readonly Match[]): Graph {
  const by = new Map(matches.map(({ node }) => [node.outputs[0], node]));
  const gone = new Set(matches.flatMap(({ replaced }) => [...replaced]));
  const nodes = graph.nodes.flatMap((node) => by.get(node.outputs[0]!) ?? (gone.has(node) ? [] : [node]));
  const read = new Set([...graph.outputs, ...nodes.flatMap(({ inputs }) => inputs)]);
  const scalars = new Set(matches.flatMap((match) => [...match.scalars]).filter((name) => !read.has(name)));
  const vanished = new Set([...scalars, ...[...gone].flatMap(({ outputs }) => outputs).filter((value) => !by.has(value))]);
  const kept = <T>(map: ReadonlyMap<string, T>): Map<string, T> => new Map([...map].filter(([name]) => !vanished.has(name)));
  return verify({ ...graph, nodes, initializers: kept(graph.initializers), types: kept(graph.types) });
}
