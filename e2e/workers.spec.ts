import { expect, type Page, type Worker } from '@playwright/test';
import { alert, button, keepScreen, PLAIN, section, stepsDone, test, tune, visit, waitForPhase } from './page';

/** Workers end as those do that the browser ends: without a word to anybody. */
const end = (worker: Worker): Promise<void> => worker.evaluate(() => self.close()).catch(() => undefined);

const workerOf = (page: Page, script: 'engine' | 'data'): Worker => page.workers().find((worker) => worker.url().includes(`/${script}-`))!;

test('a decoder that ends is replaced; an engine that ends is noticed, and another one takes up the same choices', async ({ page }) => {
  await visit(page, `?batch=2&executor=wasm&${PLAIN}`);
  await section(page, 'Pictures').locator('input[type=file]').setInputFiles('public/pictures');
  await expect(section(page, 'Pictures')).toContainText('48 pictures');
  await end(workerOf(page, 'data'));
  await section(page, 'Pictures').locator('input[type=file]').setInputFiles('public/pictures');
  await expect(section(page, 'Pictures')).toContainText('48 pictures');
  await expect(section(page, 'Pictures')).not.toContainText('skipped');
  await tune(page);
  await waitForPhase(page, 'evaluating');
  await end(workerOf(page, 'engine'));
  await expect(section(page, 'Run')).toHaveAttribute('data-phase', 'failed');
  await expect(section(page, 'Run')).toContainText('The engine broke off before the first step');
  await expect(alert(page)).toContainText('What is on the page stays');
  await keepScreen(page, 'engine-gone');
  await button(page, 'Start it again').click();
  await expect(button(page, 'Tune')).toBeEnabled({ timeout: 60_000 });
  await expect(alert(page)).toHaveCount(0);
  await expect(section(page, 'Pictures')).toContainText('48 pictures');
  await workerOf(page, 'engine').evaluate(() => void setTimeout(() => { throw new Error('as an experiment'); }));
  await expect(alert(page)).toContainText('The engine broke off');
});

test('an engine whose script cannot be had is opened anew', async ({ page }) => {
  await page.route('**/engine-*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'throw new Error("no engine today")' }));
  await page.goto('/');
  await expect(alert(page)).toContainText('The engine could not start');
  await page.unroute('**/engine-*.js');
  await button(page, 'Start it again').click();
  await expect(button(page, 'Tune')).toBeEnabled({ timeout: 60_000 });
});

test('a run goes on after a reload', async ({ page }) => {
  page.on('dialog', (dialog) => void dialog.accept());
  await visit(page, `?steps=12&batch=2&executor=wasm&${PLAIN}`);
  await section(page, 'Pictures').getByRole('button').first().click();
  await section(page, 'Pictures').getByRole('combobox').selectOption('drawings');
  await expect(section(page, 'Pictures')).toContainText('48 pictures');
  await tune(page);
  await button(page, 'Pause').click();
  await waitForPhase(page, 'paused');
  const [step, loss] = [await stepsDone(page), await section(page, 'Run').getAttribute('data-loss')];
  await page.reload();
  await expect(page.getByText(new RegExp(`A run of .* was broken off after step ${step} of 12: nano-CLIP under nano-SD with drawings`))).toBeVisible({ timeout: 60_000 });
  await keepScreen(page, 'kept');
  await button(page, 'Go on').click();
  await waitForPhase(page, 'done');
  await page.getByText('Table', { exact: true }).click();
  const losses = await page.getByRole('region', { name: 'Numbers of every step' }).getByRole('row').locator('td:nth-child(2)').allTextContents();
  expect(losses).toHaveLength(12);
  expect(losses.map(Number).some((shown) => Math.abs(shown - Number(loss)) < 1e-3 * shown)).toBe(true);
  await page.reload();
  await expect(button(page, 'Tune')).toBeEnabled({ timeout: 60_000 });
  await expect(button(page, 'Go on')).toHaveCount(0);
});
