/**
 * Hugging Face's cosine schedule with warm-up, for the step of index s = 0, 1, ... of T: base s / w while s < w, so that the first step has none of
 * it, then base (1 + cos(pi (s - w) / (T - w))) / 2.
 */
export function learningRate(step: number, { lr, warmup, steps }: { readonly lr: number; readonly warmup: number; readonly steps: number }): number {
  const warm = warmupSteps(warmup, steps);
  if (step < warm) return (lr * step) / warm;
  return (lr * (1 + Math.cos((Math.PI * (step - warm)) / Math.max(1, steps - warm)))) / 2;
}

/** `warmup`: a number of steps, or below 1 the ratio of all steps, rounded up. */
export function warmupSteps(warmup: number, steps: number): number {
  return warmup < 1 ? Math.ceil(warmup * steps) : warmup;
}
