export interface LogisticOptions {
  /** Weight of the squared weights against the summed loss: 1 / C of scikit-learn's LogisticRegression. */
  readonly l2: number;
  /** Steps of L-BFGS at most; it ends earlier where the gradient vanishes. */
  readonly iterations?: number;
}

export interface LogisticModel {
  /** W x + b of one vector of features: its classes' logarithmic likelihoods but for a constant. */
  scores(feature: Float32Array): Float64Array;
  /** The likeliest class of one vector of features. */
  predict(feature: Float32Array): number;
}

/** A point, and what is to be minimised there. */
interface Evaluation {
  readonly at: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

type Objective = (at: Float64Array) => Evaluation;

/** Pairs of steps that L-BFGS remembers. */
const MEMORY = 10;
/** Largest component of the gradient of the mean loss at which the fit is done. */
const FLAT = 1e-6;
/** Share of the promised decrease that a step must bring (Armijo). */
const DECREASE = 1e-4;

/**
 * Multinomial logistic regression on features that are standardised first (each with the training set's mean and standard deviation; a constant one stays 0):
 *
 *     minimise  - sum over i of log softmax(W x_i + b)[y_i] + l2 |W|^2 / 2
 *
 * by L-BFGS from zero, in float64. The minimum is unique but for a shift of b, and nothing is drawn by chance: the same data give the same model.
 *
 * @param features one vector [D] an example, and @param labels its class, 0 to classes - 1
 */
export function fitLogistic(features: readonly Float32Array[], labels: readonly number[], classes: number, { l2, iterations = 500 }: LogisticOptions): LogisticModel {
  const standardise = standardiser(features);
  const width = features[0]!.length;
  const objective = lossOf(blocksOf(features.map(standardise), width), labels, classes, l2);
  const fitted = minimise(objective, new Float64Array(classes * (width + 1)), iterations);
  const scores = (feature: Float32Array): Float64Array => scoresOf(fitted, standardise(feature), classes);
  return { scores, predict: (feature) => best(scores(feature)) };
}

/** x -> (x - mean) / standard deviation */
function standardiser(features: readonly Float32Array[]): (feature: Float32Array) => Float64Array {
  const width = features[0]!.length;
  const mean = new Float64Array(width);
  const spread = new Float64Array(width);
  for (const feature of features) for (let d = 0; d < width; d++) mean[d]! += feature[d]! / features.length;
  for (const feature of features) for (let d = 0; d < width; d++) spread[d]! += (feature[d]! - mean[d]!) ** 2 / features.length;
  const scale = spread.map((variance) => (variance > 1e-20 ? 1 / Math.sqrt(variance) : 0));
  return (feature) => Float64Array.from(feature, (value, d) => (value - mean[d]!) * scale[d]!);
}

/** W x + b; parameters hold for each class its row of W, then its b. */
function scoresOf(parameters: Float64Array, x: Float64Array, classes: number): Float64Array {
  const width = x.length;
  const scores = new Float64Array(classes);
  for (let c = 0, at = 0; c < classes; c++, at += width + 1) {
    let sum = parameters[at + width]!;
    for (let d = 0; d < width; d++) sum += parameters[at + d]! * x[d]!;
    scores[c] = sum;
  }
  return scores;
}

/** Examples that are worked on at a time: their sums do not wait for one another, and a parameter is read once for all of them. */
const ROWS = 4;

/** The examples, ROWS to a block [ROWS][width]; the last block is filled up with zeros. */
function blocksOf(inputs: readonly Float64Array[], width: number): Float64Array[] {
  return Array.from({ length: Math.ceil(inputs.length / ROWS) }, (_, block) => {
    const rows = new Float64Array(ROWS * width);
    inputs.slice(ROWS * block, ROWS * (block + 1)).forEach((x, row) => rows.set(x, row * width));
    return rows;
  });
}

/** scoresOf of each of a block's rows: [ROWS][classes] */
function scoreRows(parameters: Float64Array, rows: Float64Array, scores: Float64Array): void {
  const [width, classes] = [rows.length / ROWS, scores.length / ROWS];
  for (let c = 0, at = 0; c < classes; c++, at += width + 1) {
    let a = parameters[at + width]!;
    let [b, e, f] = [a, a, a];
    for (let d = 0; d < width; d++) {
      const weight = parameters[at + d]!;
      a += weight * rows[d]!;
      b += weight * rows[width + d]!;
      e += weight * rows[2 * width + d]!;
      f += weight * rows[3 * width + d]!;
    }
    scores[c] = a;
    scores[classes + c] = b;
    scores[2 * classes + c] = e;
    scores[3 * classes + c] = f;
  }
}

/** Adds to the gradient each row's error times the row, one row after the other. @param errors [ROWS][classes] */
function addRows(gradient: Float64Array, rows: Float64Array, errors: Float64Array): void {
  const [width, classes] = [rows.length / ROWS, errors.length / ROWS];
  for (let c = 0, at = 0; c < classes; c++, at += width + 1) {
    const [a, b, e, f] = [errors[c]!, errors[classes + c]!, errors[2 * classes + c]!, errors[3 * classes + c]!];
    for (let d = 0; d < width; d++) gradient[at + d] = gradient[at + d]! + a * rows[d]! + b * rows[width + d]! + e * rows[2 * width + d]! + f * rows[3 * width + d]!;
    gradient[at + width] = gradient[at + width]! + a + b + e + f;
  }
}

/** Turns a row's scores into softmax - onehot, and gives its loss. */
function errorsOf(scores: Float64Array, label: number): number {
  const most = scores.reduce((a, b) => Math.max(a, b));
  const own = scores[label]!;
  let total = 0;
  for (let c = 0; c < scores.length; c++) total += scores[c] = Math.exp(scores[c]! - most);
  for (let c = 0; c < scores.length; c++) scores[c] = scores[c]! / total - (c === label ? 1 : 0);
  return most + Math.log(total) - own;
}

/** The mean of what fitLogistic minimises, with its gradient: (softmax - onehot) x^T / n + l2 W / n */
function lossOf(blocks: readonly Float64Array[], labels: readonly number[], classes: number, l2: number): Objective {
  const width = blocks[0]!.length / ROWS;
  const scores = new Float64Array(ROWS * classes);
  const rowsOfScores = Array.from({ length: ROWS }, (_, row) => scores.subarray(row * classes, (row + 1) * classes));
  return (at) => {
    const gradient = new Float64Array(at.length);
    let value = 0;
    blocks.forEach((rows, block) => {
      scoreRows(at, rows, scores);
      rowsOfScores.forEach((own, row) => {
        const label = labels[ROWS * block + row];
        if (label === undefined) own.fill(0);
        else value += errorsOf(own, label);
      });
      addRows(gradient, rows, scores);
    });
    for (let j = 0; j < at.length; j++) {
      if (j % (width + 1) === width) continue;
      value += (l2 / 2) * at[j]! ** 2;
      gradient[j]! += l2 * at[j]!;
    }
    return { at, value: value / labels.length, gradient: gradient.map((part) => part / labels.length) };
  };
}

/** L-BFGS (Nocedal and Wright, algorithm 7.5) with steps halved until they decrease a convex function enough. */
function minimise(objective: Objective, start: Float64Array, iterations: number): Float64Array {
  const memory: { readonly step: Float64Array; readonly change: Float64Array; readonly curvature: number }[] = [];
  let here = objective(start);
  for (let i = 0; i < iterations && here.gradient.some((part) => Math.abs(part) > FLAT); i++) {
    const direction = descent(here.gradient, memory);
    const next = lineSearch(objective, here, direction);
    if (!next) break;
    const step = next.at.map((value, j) => value - here.at[j]!);
    const change = next.gradient.map((value, j) => value - here.gradient[j]!);
    const curvature = dot(step, change);
    if (curvature > 0) memory.push({ step, change, curvature });
    if (memory.length > MEMORY) memory.shift();
    here = next;
  }
  return here.at;
}

/** - H gradient, H the inverse Hessian as the remembered steps tell it (the two-loop recursion) */
function descent(gradient: Float64Array, memory: readonly { readonly step: Float64Array; readonly change: Float64Array; readonly curvature: number }[]): Float64Array {
  const direction = gradient.map((part) => -part);
  const along: number[] = [];
  for (const { step, change, curvature } of [...memory].reverse()) {
    const share = dot(step, direction) / curvature;
    along.unshift(share);
    add(direction, change, -share);
  }
  const last = memory.at(-1);
  const scale = last ? last.curvature / dot(last.change, last.change) : 1;
  for (let j = 0; j < direction.length; j++) direction[j]! *= scale;
  memory.forEach(({ step, change, curvature }, i) => add(direction, step, along[i]! - dot(change, direction) / curvature));
  return direction;
}

/** Nothing if no step decreases the function any more: its minimum is reached to the last bit. */
function lineSearch(objective: Objective, here: Evaluation, direction: Float64Array): Evaluation | undefined {
  const slope = dot(here.gradient, direction);
  for (let length = 1; length > 1e-12; length /= 2) {
    const there = objective(here.at.map((value, j) => value + length * direction[j]!));
    if (there.value <= here.value + DECREASE * length * slope) return there;
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

function add(to: Float64Array, values: Float64Array, times: number): void {
  for (let j = 0; j < to.length; j++) to[j]! += times * values[j]!;
}

function best(scores: Float64Array): number {
  let found = 0;
  for (let c = 1; c < scores.length; c++) if (scores[c]! > scores[found]!) found = c;
  return found;
}
