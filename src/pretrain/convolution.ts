import type { Graph, Node } from '../ir/graph';
import { sizeOf } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';

/**
 * Writes the gradient of each convolution's weight as one product a tap of the kernel,
 *
 *     dW[m,c,k] = sum over (n, p) of dY[m,(n, p)] X[(n, p stride + k - pad),c],
 *
 * which ONNX Runtime does about three times as fast as the convolution with an image-sized kernel that defines it.
 */
export function gradientsByTap(graph: Graph): Graph {
  const builder = new GraphBuilder(graph.name, undefined, graph.types);
  for (const input of graph.inputs) builder.input(input, graph.types.get(input)!);
  for (const [name, ref] of graph.initializers) builder.initializer(name, graph.types.get(name)!, ref);
  for (const node of graph.nodes) {
    if (node.op === 'ConvWeightGrad' && node.attributes.group === 1) byTap(builder, node);
    else builder.add(node.op, node.inputs, node.attributes as never, { output: node.outputs[0]!, node: node.name });
  }
  return builder.build(graph.outputs);
}

function byTap(builder: GraphBuilder, { inputs: [cotangent, x], outputs: [output], attributes }: Node<'ConvWeightGrad'>): void {
  const { kernel, strides, pads, dilations } = attributes;
  const [n, m, h, w] = builder.type(cotangent!).shape as [number, number, number, number];
  const [, c] = builder.type(x!).shape as [number, number];
  const rows = builder.add('Reshape', [builder.add('Transpose', [cotangent!], { perm: [1, 0, 2, 3] })], { shape: [m, n * h * w] });
  const places = builder.add('Pad', [builder.add('Transpose', [x!], { perm: [0, 2, 3, 1] })], { pads: [0, pads[0]!, pads[1]!, 0, 0, pads[2]!, pads[3]!, 0], value: 0 });
  const taps = Array.from({ length: sizeOf(kernel) }, (_, tap) => {
    const [top, left] = [Math.floor(tap / kernel[1]!) * dilations[0]!, (tap % kernel[1]!) * dilations[1]!];
    const end = (start: number, count: number, stride: number): number => start + (count - 1) * stride + 1;
    const seen = builder.add('Slice', [places], { starts: [0, top, left, 0], ends: [n, end(top, h, strides[0]!), end(left, w, strides[1]!), c], steps: [1, strides[0]!, strides[1]!, 1] });
    const product = builder.add('MatMul', [rows, builder.add('Reshape', [seen], { shape: [n * h * w, c] })], {});
    return builder.add('Reshape', [product], { shape: [m, c, 1] });
  });
  const all = taps.length === 1 ? taps[0]! : builder.add('Concat', taps, { axis: 2 });
  builder.add('Reshape', [all], { shape: [m, c, ...kernel] }, { output: output! });
}
