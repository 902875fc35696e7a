import { expect } from '@playwright/test';
import { button, evaluate, keepScreen, saved, section, test, tune, visit, waitForPhase } from './page';

test('a first visit tunes on drawn pictures, and the command line finds the same figures in what it exports', async ({ page }) => {
  await visit(page, '?steps=2&batch=2&executor=wasm');
  await expect(section(page, 'Pictures')).toContainText('nano pictures');
  await expect(section(page, 'Compare')).toContainText('MMVP-nano · 135 pairs');
  await section(page, 'Pictures').getByRole('button').first().click();
  await expect(section(page, 'Pictures').locator('img').first()).toBeVisible();
  await keepScreen(page, 'nano-first');
  await tune(page);
  await waitForPhase(page, 'done');
  await keepScreen(page, 'nano-done');
  const decoders = page.workers().filter((worker) => worker.url().includes('/data-'));
  expect(decoders, 'one for all threads').toHaveLength(1);

  const compare = section(page, 'Compare');
  const clip = await saved(page, () => button(page, 'Export').click());
  await compare.getByRole('button', { name: 'Change' }).click();
  const pairs = await saved(page, () => compare.getByRole('button', { name: 'Save as zip' }).click());
  const report = evaluate('mmvp', '--clip', clip, '--mmvp', pairs, '--executor', 'ort');
  expect(report).toMatchObject({ of: 135, pairs_right: Number(await compare.getAttribute('data-after')) });
});
