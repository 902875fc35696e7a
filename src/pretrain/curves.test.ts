import { expect, it } from 'vitest';
import { curvesSvg } from './curves';

it('draws each stage from its log, first to last step and least to largest value', () => {
  const line = (step: number, loss: number): string => `${JSON.stringify({ step, loss, contrastive: loss, error: loss, denoising: loss })}\n`;
  const log = line(10, 1) + line(20, 0.1) + line(40, 0.01);
  const svg = curvesSvg({ 'clip-text': log, 'clip-vision': log, vae: log, unet: log });
  const drawn = [...svg.matchAll(/points="([^"]+)"/g)].map(([, points]) => points);
  expect(drawn).toHaveLength(4);
  // From 46 to 350 across; on a logarithmic scale 0.1 lies half way between 24 and 158.
  expect(drawn[0]).toBe('122.0,24.0 198.0,91.0 350.0,158.0');
  expect(drawn[2]).toBe('122.0,158.0 198.0,91.0 350.0,24.0');
  expect(() => curvesSvg({ 'clip-text': '{', 'clip-vision': log, vae: log, unet: log })).toThrow(/clip-text.jsonl, line 1/);
});
