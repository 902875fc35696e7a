import { expect, type Page } from '@playwright/test';
import { partOf, repositoryOf, standInHub } from '../src/testing/stand-in-hub';
import { alert, button, keepScreen, section, test, visit } from './page';

const HUB = 'https://huggingface.co';
test.use({ mayAsk: `${HUB}/` });

const answer = standInHub({ 'nano/clip': { ...repositoryOf('public/models/nano-clip'), 'pytorch_model.bin': 'x'.repeat(200_000) }, 'nano/torch': { 'config.json': '{}', 'pytorch_model.bin': 'x' } });

/** Stands in for the hub, and says which files it was asked for, and from which byte on. A file that `waits` comes when that is over. */
async function serve(page: Page, waits: Readonly<Record<string, Promise<void>>> = {}): Promise<string[]> {
  const files: string[] = [];
  await page.route(`${HUB}/**`, async (route) => {
    const path = route.request().url().slice(HUB.length);
    const file = /\/resolve\/[^/]+\/(.*)/.exec(path)?.[1];
    const range = await route.request().headerValue('range');
    if (file) files.push(range === null ? file : `${file} ${range}`);
    await waits[file ?? ''];
    const first = answer(path);
    const { status, headers, body } = partOf(first.status === 302 ? answer(first.headers['location']!) : first, range ?? undefined);
    await route.fulfill({ status, headers, body }).catch(() => undefined);
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
  await page.unroute(`${HUB}/**`);
  await page.route(`${HUB}/**`, (route) => route.abort());
  await visit(page);
  await eyes.getByRole('button').first().click();
  const kept = eyes.getByRole('region', { name: 'Kept in this browser' });
  await expect(kept).toContainText('nano/clip 2.1 MB');
  await kept.getByRole('button', { name: 'Use: nano/clip' }).click();
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toContainText('nano/clip');
  await expect(alert(page)).toHaveCount(0);
  await keepScreen(page, 'hub-kept');
  await expect(kept.getByRole('button', { name: 'Remove: nano/clip' })).toHaveAttribute('aria-disabled', 'true');
  await eyes.getByLabel('CLIP model', { exact: true }).selectOption('nano-clip');
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toHaveValue('nano-clip');
  await kept.getByRole('button', { name: 'Remove: nano/clip' }).click();
  await expect(kept).toHaveCount(0);
  await field.fill('nano/clip');
  await field.press('Enter');
  await expect(alert(page)).toContainText('huggingface.co cannot be reached');
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
  await expect(eyes).toContainText(/Downloading: 1\.1 MB of 2\.1 MB/);
  await eyes.getByRole('button', { name: 'Cancel' }).click();
  await expect(eyes.getByRole('button', { name: 'Download' })).toBeVisible();
  await expect(alert(page)).toHaveCount(0);
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toHaveValue('nano-clip');
  await expect(button(page, 'Tune')).toBeEnabled();

  const kept = eyes.getByRole('region', { name: 'Kept in this browser' });
  await expect(kept).toContainText('nano/clip 1.1 MB of 2.1 MB');
  await keepScreen(page, 'hub-cancelled');
  await cutOff(page, 1_000_000, 100_000);
  await page.unroute(`${HUB}/**`);
  const files = await serve(page);
  await kept.getByRole('button', { name: 'Go on: nano/clip' }).click();
  await expect(eyes.getByLabel('CLIP model', { exact: true })).toContainText('nano/clip');
  expect(files.sort()).toEqual(['onnx/text_model.onnx bytes=100000-', 'onnx/vision_model.onnx']);
  await expect(alert(page)).toHaveCount(0);
});

/** Leaves of the files that were downloaded and are longer than `least` what a download that broke off would have left. */
async function cutOff(page: Page, least: number, bytes: number): Promise<void> {
  await page.evaluate(async ([least, bytes]) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('hub');
    for await (const handle of folder.values()) {
      if (!(handle instanceof FileSystemFileHandle) || (await handle.getFile()).size < least) continue;
      const writing = await handle.createWritable({ keepExistingData: true });
      await writing.truncate(bytes);
      await writing.close();
    }
  }, [least, bytes] as const);
}
