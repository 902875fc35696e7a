import type { GraphBuilder } from '../ops/builder';

/** Captions [K,D] by which the class token goes on telling pictures apart as the untouched model did. */
export interface Distillation {
  readonly weight: number;
  readonly captions: number;
}

/** CLIP's largest logit scale. */
export const LOGIT_SCALE = 100;

/**
 * Learning without forgetting (Li and Hoiem, arXiv 1606.09282): with p what the untouched model says of a picture, softmax(told), and q what this one says,
 *
 *     weight * mean over B of sum over K of p (log p - log q),  q = softmax(100 z / |z| captions^T)
 *
 * for z the class token [B,1,D] and captions normalised; told and captions become inputs of the graph.
 *
 * @param first the class token
 * @returns a scalar
 */
export function appendDistillation(builder: GraphBuilder, first: string, { weight, captions }: Distillation): string {
  const [B, , D] = builder.type(first).shape as [number, number, number];
  const z = builder.add('Reshape', [first], { shape: [B, D] });
  const norm = builder.add('Sqrt', [builder.add('ReduceSum', [builder.add('Mul', [z, z], {})], { axes: [1], keepdims: true })], {});
  const texts = builder.add('Transpose', [builder.input('captions', { dtype: 'float32', shape: [captions, D] })], { perm: [1, 0] });
  const cosines = builder.add('MatMul', [builder.add('Div', [z, norm], {}), texts], {});
  const said = logSoftmax(builder, builder.add('Mul', [cosines, builder.constant(LOGIT_SCALE)], {}));
  const told = logSoftmax(builder, builder.input('told', { dtype: 'float32', shape: [B, captions] }));
  const divergence = builder.add('Mul', [builder.add('Exp', [told], {}), builder.add('Sub', [told, said], {})], {});
  const mean = builder.add('ReduceMean', [builder.add('ReduceSum', [divergence], { axes: [1], keepdims: false })], { axes: [0], keepdims: false });
  return builder.add('Mul', [mean, builder.constant(weight)], {});
}

/** x - max - log sum exp(x - max) over the last of two axes */
function logSoftmax(builder: GraphBuilder, x: string): string {
  const shifted = builder.add('Sub', [x, builder.add('ReduceMax', [x], { axes: [1], keepdims: true })], {});
  return builder.add('Sub', [shifted, builder.add('Log', [builder.add('ReduceSum', [builder.add('Exp', [shifted], {})], { axes: [1], keepdims: true })], {})], {});
}
