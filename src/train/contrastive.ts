import type { Tensor } from '../ir/tensor';
import type { Network } from './network';

/** v / |v| along the last axis */
export function normalised(net: Network, value: string): string {
  const squares = net.builder.add('ReduceSum', [net.times(value, value)], { axes: [net.shape(value).length - 1], keepdims: true });
  return net.builder.add('Div', [value, net.builder.add('Sqrt', [net.plus(squares, 1e-12)], {})], {});
}

/**
 * CLIP's loss with several right answers: logits = scale images texts^T, both normalised, and with the targets P (`text_targets` [N,M], rows sum to 1 over texts) and
 * Q (`picture_targets` [N,N], rows are the first N texts and sum to 1 over pictures)
 *
 *     loss = -(mean over rows of sum P log softmax_texts + mean over the first N columns of sum Q log softmax_pictures) / 2
 *
 * @param images [N,D] and @param texts [M,D], M >= N, as they leave the towers; texts beyond the first N are wrong ones
 * @param scale a scalar
 */
export function infoNce(net: Network, images: string, texts: string, scale: string | number): string {
  const [n] = net.shape(images) as [number, number];
  const [m] = net.shape(texts) as [number, number];
  const logits = net.times(net.matmul(normalised(net, images), net.transpose(normalised(net, texts), [1, 0])), scale);
  const toText = net.crossEntropy(logits, net.input('text_targets', [n, m]));
  const toPicture = net.crossEntropy(net.transpose(net.slice(logits, 1, 0, n), [1, 0]), net.input('picture_targets', [n, n]));
  return net.times(net.plus(toText, toPicture), 0.5);
}

/**
 * Which of the columns are true of which rows, each row in equal shares: float32 [rows,columns] whose rows sum to 1.
 *
 * @param rows and @param columns the one pictures, the other what is said of them
 */
export function truths<A, B>(rows: readonly A[], columns: readonly B[], holds: (row: A, column: B) => boolean): Tensor {
  const data = new Float32Array(rows.length * columns.length);
  rows.forEach((row, i) => {
    const right = columns.flatMap((column, j) => (holds(row, column) ? [j] : []));
    for (const j of right) data[i * columns.length + j] = 1 / right.length;
  });
  return { dtype: 'float32', shape: [rows.length, columns.length], data };
}
