import { typeOf, type Graph, type Node } from '../ir/graph';
import { sizeOf } from '../ir/tensor';

/** Multiply-adds of a forward run: matrix products and convolutions, as is usual. */
export function multiplyAdds(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + ofNode(graph, node), 0);
}

function ofNode(graph: Graph, { op, inputs, outputs }: Node): number {
  const output = sizeOf(typeOf(graph, outputs[0]!).shape);
  if (op === 'MatMul') return output * typeOf(graph, inputs[0]!).shape.at(-1)!;
  if (op === 'Attention') return (sizeOf(typeOf(graph, inputs[0]!).shape) + output) * typeOf(graph, inputs[1]!).shape.at(-1)!;
  // Every output element of a convolution sums over the channels of its group and the kernel: over a slice of the weight.
  if (op === 'Conv') return output * sizeOf(typeOf(graph, inputs[1]!).shape.slice(1));
  if (op === 'ConvTranspose') return sizeOf(typeOf(graph, inputs[0]!).shape) * sizeOf(typeOf(graph, inputs[1]!).shape.slice(1));
  return 0;
}
