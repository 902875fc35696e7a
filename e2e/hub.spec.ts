import { expect, type Page } from '@playwright/test';
import { repositoryOf, standInHub } from '../src/testing/stand-in-hub';
import { alert, button, keepScreen, section, test, visit } from './page';

const HUB = 'https://huggingface.co';
test.use({ mayAsk: `${HUB}/` });

const answer = standInHub({ 'nano/clip': { ...repositoryOf('public/models/nano-clip'), 'pytorch_model.bin': 'x'.repeat(200_000) }, 'nano/torch': { 'config.json': '{}', 'pytorch_model.bin': 'x' } });

/** Stands in for the hub, and says which files it was asked for. A file that `waits` comes when that is over. */
async function serve(page: Page, waits: Readonly<Record<string, Promise<void>>> = {}): Promise<string[]> {
  const files: string[] = [];
  await page.route(`${HUB}/**`, async (route) => {
    const path = route.request().url().slice(HUB.length);
    const file = /\/resolve\/[^/]+\/(.*)/.exec(path)?.[1];
    if (file) files.push(file);
    await waits[file ?? ''];
    const { status, headers, body } = answer(path);
    await route.fulfill(status === 302 ? answer(headers['location']!) : { status, headers, body }).catch(() => undefined);
  });
  return files;
}

test('a model is named, seen, downloaded and, after a reload, there', async ({ page }) => {
  let release = (): void => undefined;
  const files = await serve(page, { 'onnx/vision_model.onnx': new Promise((done) => (release = done)) });
  await visit(page);
  const eyes = section(page, 'Eyes');
  await eyes.getByRole('button').first().click();
  const field = eyes.getByLabel('From the Hugging Face hub');
  await keepScreen(page, 'hub-empty');
  await field.fill(`${HUB}/nano/clip/tree/main`);
  await keepScreen(page, 'hub-typed');
  await field.press('Enter');
  await expect(eyes).toContainText('nano/clip: 7 files, 2.1 MB, licence mit');
  expect(files).toEqual([]);
  await keepScreen(page, 'hub-offered');
  await eyes.getByRole('button', { name: 'Download 2.1 MB' }).click();
  await expect(eyes).toContainText(/Downloading: 1\.\d MB of 2\.1 MB/);
  await keepScreen(page, 'hub-loading');
  release();
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toContainText('nano/clip');
  await expect(field).toHaveValue('');
  await expect(button(page, 'Tune')).toBeEnabled();
  await keepScreen(page, 'hub-loaded');
  expect(files.sort()).toEqual(['config.json', 'onnx/text_model.onnx', 'onnx/vision_model.onnx', 'preprocessor_config.json', 'special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json']);

  files.length = 0;
  await visit(page);
  await eyes.getByRole('button').first().click();
  await field.fill('nano/clip');
  await eyes.getByRole('button', { name: 'Look up' }).click();
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toContainText('nano/clip');
  expect(files).toEqual([]);
});

test('a name that gives no model is refused in words, a download is cancelled, and the page lives on', async ({ page }) => {
  await serve(page, { 'onnx/vision_model.onnx': new Promise(() => undefined) });
  await visit(page);
  const eyes = section(page, 'Eyes');
  await eyes.getByRole('button').first().click();
  const field = eyes.getByLabel('From the Hugging Face hub');
  for (const [name, words] of [['clip', 'owner/name'], ['nano/absent', 'no such public repository'], ['nano/torch', 'onnx/vision_model.onnx is missing']] as const) {
    await field.fill(name);
    await eyes.getByRole('button', { name: 'Look up' }).click();
    await expect(alert(page)).toContainText(words);
  }
  await keepScreen(page, 'hub-failed');
  await field.fill('nano/clip');
  await field.press('Enter');
  await eyes.getByRole('button', { name: 'Download' }).click();
  await eyes.getByRole('button', { name: 'Cancel' }).click();
  await expect(eyes.getByRole('button', { name: 'Download' })).toBeVisible();
  await expect(alert(page)).toHaveCount(0);
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toHaveValue('nano-clip');
  await expect(button(page, 'Tune')).toBeEnabled();
});
