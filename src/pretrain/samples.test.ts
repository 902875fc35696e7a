import { expect, it } from 'vitest';
import { parseSchedulerConfig } from '../models/config';
import { ddim } from './samples';
import { SCHEDULER_JSON } from './stages';

const { alphasCumprod } = parseSchedulerConfig(SCHEDULER_JSON, 'scheduler_config.json');

it('brings back what a denoiser knows the noise to be on, whatever the number of steps', async () => {
  const clean = Float32Array.from([0.3, -1.2, 2, 0]);
  const start = Float32Array.from([1.1, 0.2, -0.7, -2]);
  const knowing = (x: Float32Array, t: number): Promise<Float32Array> => Promise.resolve(x.map((value, i) => (value - Math.sqrt(alphasCumprod[t]!) * clean[i]!) / Math.sqrt(1 - alphasCumprod[t]!)));
  for (const steps of [1, 7, 50]) {
    const end = await ddim(alphasCumprod, steps, start, knowing);
    end.forEach((value, i) => expect(value).toBeCloseTo(clean[i]!, 4));
  }
});

// DDIMScheduler.from_pretrained("public/models/nano-sd/scheduler") of diffusers 0.42.1, set_timesteps(5), in float64, eps = 0.3 x + t / 2000.
it('takes the steps of diffusers', async () => {
  const states = [[1, -0.5, 0.25], [1.2949414, -1.3274608, -0.0162597], [1.6015715, -2.0852109, -0.2418197], [1.7839371, -2.5595559, -0.3878094], [1.7095499, -2.5848571, -0.4376536]];
  const seen: [number, Float32Array][] = [];
  const end = await ddim(alphasCumprod, 5, Float32Array.from(states[0]!), (x, t) => {
    seen.push([t, x]);
    return Promise.resolve(x.map((value) => 0.3 * value + t / 2000));
  });
  expect(seen.map(([t]) => t)).toEqual([800, 600, 400, 200, 0]);
  seen.forEach(([, x], step) => x.forEach((value, i) => expect(value).toBeCloseTo(states[step]![i]!, 5)));
  [1.6953179, -2.5633382, -0.4340101].forEach((value, i) => expect(end[i]).toBeCloseTo(value, 5));
});
