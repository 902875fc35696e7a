import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { hasShared, shared } from '../src/testing/shared';
import { alert, button, drop, keepScreen, section, test, visit } from './page';

test('a first visit finds everything chosen', async ({ page }) => {
  await visit(page);
  for (const card of ['Eyes', 'Teacher', 'Pictures', 'Recipe'] as const) await expect(section(page, card)).not.toContainText('nothing chosen');
  await expect(section(page, 'Run')).toHaveAttribute('data-phase', 'idle');
  await expect(section(page, 'Compare')).toContainText('135 pairs');
  await expect(page.getByText(/^Tunes .* for \d+ steps/)).toBeVisible();
  await expect(button(page, 'Export')).toBeDisabled();
  await keepScreen(page, 'first');
});

test('the address sets what it can and says what it cannot', async ({ page }) => {
  await visit(page, '?steps=7&lr=2e-3&executor=wasm&seed=minus&set.momentum=banana&set.min_timestep=800');
  await expect(section(page, 'Recipe')).toContainText('7 steps');
  await expect(section(page, 'Run')).toHaveAttribute('data-executor', 'wasm');
  await expect(alert(page)).toContainText('seed=minus');
  await expect(alert(page)).toContainText('set.momentum=banana: momentum is "banana"');
  await expect(alert(page)).toContainText('set.min_timestep=800: min_timestep is 800 and max_timestep 750');
  await keepScreen(page, 'address');
  await button(page, 'Dismiss').click();
  await expect(alert(page)).toHaveCount(0);
});

test('settings go into the address, and nonsense does not', async ({ page }) => {
  await visit(page);
  await section(page, 'Recipe').getByRole('button').first().click();
  await page.getByLabel('Steps', { exact: true }).fill('12');
  await page.getByLabel('Learning rate', { exact: true }).fill('fast');
  await expect(section(page, 'Recipe')).toContainText('A number from');
  await page.getByLabel('Executor', { exact: true }).selectOption('wasm');
  expect(new URL(page.url()).search).toBe('?steps=12&executor=wasm');
  await section(page, 'Recipe').locator('summary').click();
  const latest = page.getByLabel('max timestep', { exact: true });
  await latest.fill('100');
  await expect(section(page, 'Recipe')).toContainText('min_timestep is 150 and max_timestep 100');
  await keepScreen(page, 'more-settings');
  await latest.fill('800');
  await expect(section(page, 'Recipe')).not.toContainText('max_timestep 100');
});

test('everything is reached by keyboard', async ({ page }) => {
  await visit(page);
  const reached: string[] = [];
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.textContent || document.activeElement?.getAttribute('aria-label') || ''));
  }
  for (const name of ['Help', 'Eyes', 'Teacher', 'Pictures', 'Recipe', 'Tune', 'Change', 'Copy link']) expect(reached.some((text) => text.includes(name)), name).toBe(true);
});

test('pictures dropped anywhere are taken, and can be taken back', async ({ page }) => {
  await visit(page);
  await drop(page.getByRole('heading', { name: 'SeeBetter' }), readdirSync('public/pictures').slice(0, 9).map((name) => join('public/pictures', name)));
  await expect(page.getByRole('status').filter({ hasText: 'Took 9 files for' })).toBeVisible();
  await expect(section(page, 'Pictures')).toContainText('9 pictures');
  await keepScreen(page, 'dropped');
});

test('a folder chosen in the Pictures card is taken', async ({ page }) => {
  await visit(page);
  await section(page, 'Pictures').locator('input[type=file]').setInputFiles('public/pictures');
  await expect(section(page, 'Pictures')).toContainText('48 pictures');
  await expect(button(page, 'Tune')).toBeEnabled();
});

test('a benchmark folder chosen in Compare is taken', async ({ page }) => {
  await visit(page);
  await section(page, 'Compare').locator('input[type=file]').setInputFiles('public/mmvp-mini');
  await expect(section(page, 'Compare')).toContainText('135 pairs');
  await expect(alert(page)).toHaveCount(0);
});

test('a file that is nothing is refused in words, and the page lives on', async ({ page }, info) => {
  await visit(page);
  const junk = info.outputPath('notes.txt');
  writeFileSync(junk, 'milk, eggs, bread\n');
  await drop(page.getByRole('heading', { name: 'SeeBetter' }), [junk]);
  await expect(alert(page)).toContainText('notes.txt');
  await keepScreen(page, 'refused');
  await section(page, 'Eyes').locator('input[type=file]').setInputFiles(junk);
  await expect(button(page, 'Tune')).toBeEnabled();
  await expect(section(page, 'Eyes')).not.toContainText('nothing chosen');
});

test('junk among photos is reported by name and the rest is used', async ({ page }) => {
  test.skip(!hasShared, 'the shared photos are not here');
  const folder = shared('photos/folder');
  const expected = JSON.parse(readFileSync(shared('photos/expected.json'), 'utf8')) as { folder: Record<string, { status: string }> };
  const withStatus = (...statuses: string[]): string[] => Object.entries(expected.folder).filter(([path, { status }]) => statuses.includes(status) && existsSync(join(folder, path))).map(([path]) => path);
  await visit(page);
  const pictures = section(page, 'Pictures');
  await pictures.locator('input[type=file]').setInputFiles(folder);
  await expect(pictures).toContainText('skipped', { timeout: 60_000 });
  const reported = (await pictures.locator('li b').allTextContents()).sort();
  for (const path of withStatus('unsupported', 'damaged', 'empty', 'not-an-image')) expect(reported).toContain(path);
  for (const path of withStatus('image', 'ignored')) expect(reported).not.toContain(path);
  await pictures.getByRole('button').first().click();
  await pictures.getByText(/files skipped/).click();
  await keepScreen(page, 'junk');
});
