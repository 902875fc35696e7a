import { UserError } from '../ir/errors';
import type { Graph } from '../ir/graph';
import { cast, tensorFrom, type Tensor } from '../ir/tensor';
import type { Model } from '../onnx/decode';
import { specialise } from '../onnx/import';
import { prune } from '../passes/prune';

export interface TextGraph {
  /** Token ids [B,T] -> the one output that was asked for. */
  readonly graph: Graph;
  /** The graph's inputs for token ids, int64 [B,T]. */
  feed(ids: Tensor): Record<string, Tensor>;
}

/** A text model for a fixed batch and length. Exports with an attention mask attend to every position, padding included, as CLIP and SigLIP are trained. */
export function textGraph(model: Model, output: string, batch: number, length: number): TextGraph {
  const { inputs, outputs } = model.graph;
  if (!outputs.includes(output)) throw new UserError(`The text model has no output ${output}; it gives ${outputs.join(', ')}`, model.file, `Export it with the output ${output}`);
  const strange = inputs.find(({ name }) => name !== 'input_ids' && name !== 'attention_mask');
  if (strange || !inputs.some(({ name }) => name === 'input_ids')) throw new UserError(`The text model takes ${inputs.map(({ name }) => name).join(', ')}, but is fed input_ids`, model.file, 'Export it with the input input_ids only');
  const shape = [batch, length];
  const graph = prune({ ...specialise(model, { shapes: Object.fromEntries(inputs.map(({ name }) => [name, shape])) }), outputs: [output] });
  return {
    graph,
    feed: (ids) => Object.fromEntries(inputs.map(({ name, dtype }) => [name, cast(name === 'input_ids' ? ids : tensorFrom('int64', shape, new Array<number>(batch * length).fill(1)), dtype)])),
  };
}
