import { expect, it } from 'vitest';
import { tinyConfig } from './config';
import { pixelsOf, scenesOf } from './pictures';
import { linearStart } from './vae';

it('begins with a linear map that keeps the most of a patch', () => {
  const pixels = pixelsOf(scenesOf(9, 0, 8), 32);
  const { vae } = tinyConfig(1);
  const start = linearStart(pixels, vae);
  const [encode, decode] = ['encoder.skip.weight', 'decoder.skip.weight'].map((name) => start[name]!.data as Float32Array) as [Float32Array, Float32Array];
  const [latent, patch] = [vae.latent, 192];
  // encode decode is the identity of the latents, and their mean square is 1.
  for (let k = 0; k < latent; k++) {
    for (let l = 0; l < latent; l++) {
      let product = 0;
      for (let i = 0; i < patch; i++) product += encode[k * patch + i]! * decode[i * latent + l]!;
      expect(product).toBeCloseTo(k === l ? 1 : 0, 4);
    }
  }
  let squares = 0;
  for (let picture = 0; picture < 8; picture++) {
    for (let place = 0; place < 16; place++) {
      for (let k = 0; k < latent; k++) {
        let value = 0;
        for (let i = 0; i < patch; i++) {
          const [channel, y, x] = [Math.floor(i / 64), Math.floor(place / 4) * 8 + (Math.floor(i / 8) % 8), (place % 4) * 8 + (i % 8)];
          value += encode[k * patch + i]! * (pixels.data as Float32Array)[((3 * picture + channel) * 32 + y) * 32 + x]!;
        }
        squares += value ** 2;
      }
    }
  }
  expect(squares / (8 * 16 * latent)).toBeCloseTo(1, 3);
});
