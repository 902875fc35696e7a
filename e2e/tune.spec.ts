import { expect } from '@playwright/test';
import { alert, button, drop, keepScreen, PLAIN, section, stepsDone, test, tune, visit, waitForPhase, waitForStep } from './page';

test('tunes, compares, exports, and takes the export back', async ({ page }) => {
  await visit(page, '?steps=4&batch=2&executor=wasm');
  await tune(page);
  await waitForStep(page, 1);
  await keepScreen(page, 'running');
  await waitForPhase(page, 'done');
  const run = section(page, 'Run');
  expect(await stepsDone(page)).toBe(4);
  expect(Number.isFinite(Number(await run.getAttribute('data-loss')))).toBe(true);
  await expect(run).toHaveAttribute('data-executor', 'wasm');
  await page.getByText('Table', { exact: true }).click();
  const rows = page.getByRole('region', { name: 'Numbers of every step' }).getByRole('row');
  await expect(rows).toHaveCount(5);
  const losses = await rows.locator('td:nth-child(2)').allTextContents();
  expect(losses.every((loss) => Number(loss) > 0)).toBe(true);
  expect(new Set(losses).size).toBeGreaterThan(1);

  const compare = section(page, 'Compare');
  await expect(compare).toHaveAttribute('data-total', '135');
  for (const side of ['data-before', 'data-after']) expect(Number(await compare.getAttribute(side))).toBeLessThanOrEqual(135);
  await expect(compare).toContainText('McNemar');
  const filters = page.getByRole('group', { name: 'Which pairs' }).getByRole('button');
  const counts = (await filters.allTextContents()).map((text) => Number(/\d+$/.exec(text)?.[0]));
  expect(counts.slice(0, 4).reduce((sum, count) => sum + count, 0)).toBe(135);
  await keepScreen(page, 'done');

  await button(page, 'all 135').click();
  await page.getByRole('button', { name: 'Open pair 1', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText('Similarity');
  await keepScreen(page, 'pair');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('dialog')).toContainText('Pair 2 ·');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('list', { name: 'Pairs' }).scrollIntoViewIfNeeded();
  await keepScreen(page, 'pairs');

  const coming = page.waitForEvent('download');
  await button(page, 'Export').click();
  const download = await coming;
  expect(download.suggestedFilename()).toMatch(/-tuned\.zip$/);
  const zip = test.info().outputPath(download.suggestedFilename());
  await download.saveAs(zip);
  await drop(page.getByRole('heading', { name: 'SeeBetter' }), [zip]);
  await expect(page.getByRole('combobox', { name: /^Take .*tuned\.zip for$/ })).toHaveValue('clip');
  await expect(button(page, 'Tune')).toBeEnabled();
  await expect(alert(page)).toHaveCount(0);
});

test('pauses, goes on and stops', async ({ page }) => {
  await visit(page, `?steps=400&batch=2&executor=wasm&${PLAIN}`);
  await tune(page);
  await waitForStep(page, 2);
  await button(page, 'Pause').click();
  await waitForPhase(page, 'paused');
  const paused = await stepsDone(page);
  await keepScreen(page, 'paused');
  await page.waitForTimeout(1500);
  expect(await stepsDone(page)).toBe(paused);
  await button(page, 'Resume').click();
  await waitForStep(page, paused + 1);
  await button(page, 'Stop').click();
  await waitForPhase(page, 'done');
  expect(await stepsDone(page)).toBeLessThan(400);
  await expect(section(page, 'Compare')).toHaveAttribute('data-total', '135');
  await expect(button(page, 'Tune')).toBeEnabled();
});

test('tunes on WebGPU', async ({ page }) => {
  await visit(page, `?steps=3&batch=1&executor=webgpu&${PLAIN}`);
  await tune(page);
  await waitForStep(page, 3);
  await expect(section(page, 'Run')).toHaveAttribute('data-executor', 'webgpu');
  await keepScreen(page, 'webgpu');
  await waitForPhase(page, 'done');
});

test.describe('dark, on a narrow screen', () => {
  test.use({ colorScheme: 'dark', viewport: { width: 400, height: 800 } });

  test('nothing is wider than the screen', async ({ page }) => {
    await visit(page, `?steps=3&batch=1&executor=wasm&${PLAIN}`);
    await keepScreen(page, 'narrow-first');
    await tune(page);
    await waitForPhase(page, 'done');
    await section(page, 'Compare').scrollIntoViewIfNeeded();
    await keepScreen(page, 'narrow-done');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
  });
});
