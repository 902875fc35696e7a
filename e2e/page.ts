import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test as base, type Locator, type Page } from '@playwright/test';

/** A page that must neither complain in its console nor ask anybody for anything but its own server and, where a flow says so, one host more, whose refusals it may log. */
export const test = base.extend<{ mayAsk: string | undefined }>({
  mayAsk: [undefined, { option: true }],
  page: async ({ page, baseURL, mayAsk }, use) => {
    const complaints: string[] = [];
    const isOther = (url: string): boolean => mayAsk !== undefined && url.startsWith(mayAsk);
    page.on('console', (message) => message.type() === 'error' && !isOther(message.location().url) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(baseURL!) && !isOther(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await use(page);
    expect(complaints).toEqual([]);
  },
});

export type Section = 'Eyes' | 'Teacher' | 'Pictures' | 'Recipe' | 'Run' | 'Compare' | 'Measure' | 'Keep';

export const section = (page: Page, name: Section): Locator => page.getByRole('region', { name, exact: true });
export const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
export const alert = (page: Page): Locator => page.getByRole('alert');

/** Settings without what takes longest to prepare, the projection's fit and the distillation, for flows that are about something else. */
export const PLAIN = 'set.projection=random&set.distill=0';

/** Opens the page with settings and waits until everything is chosen. */
export async function visit(page: Page, query = ''): Promise<void> {
  await page.goto(`/${query}`);
  await expect(button(page, 'Tune')).toBeEnabled({ timeout: 180_000 });
}

export async function tune(page: Page): Promise<void> {
  await button(page, 'Tune').click();
}

/** What the page says of a run that failed, so that a flow ends at once and with the reason. */
async function failureOf(page: Page): Promise<string | undefined> {
  const failed = (await section(page, 'Run').getAttribute('data-phase')) === 'failed';
  return failed ? ((await alert(page).textContent()) ?? '') : undefined;
}

export async function waitForPhase(page: Page, phase: string): Promise<void> {
  await expect(section(page, 'Run')).toHaveAttribute('data-phase', new RegExp(`^(${phase}|failed)$`), { timeout: 250_000 });
  expect(await failureOf(page)).toBeUndefined();
}

export async function stepsDone(page: Page): Promise<number> {
  return Number(await section(page, 'Run').getAttribute('data-step'));
}

export async function waitForStep(page: Page, step: number, timeout = 250_000): Promise<void> {
  await expect.poll(async () => (await failureOf(page)) !== undefined || (await stepsDone(page)) >= step, { timeout }).toBe(true);
  expect(await failureOf(page)).toBeUndefined();
}

/** Drops files on an element, as a file manager does. */
export async function drop(target: Locator, paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => ({ name: basename(path), base64: readFileSync(path).toString('base64') }));
  await target.evaluate((element, dropped) => {
    const dataTransfer = new DataTransfer();
    for (const { name, base64 } of dropped) dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    for (const type of ['dragover', 'drop']) element.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
}

/** Keeps a picture of the page, to be looked at by a person. */
export async function keepScreen(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `artifacts/screens/e2e-${name}.png` });
}

/** Presses a button that ends in a download, and keeps the file. */
export async function saved(page: Page, press: () => Promise<void>): Promise<string> {
  const coming = page.waitForEvent('download');
  await press();
  const download = await coming;
  const path = test.info().outputPath(download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/** The report of the command line's `eval`. */
export function evaluate(name: string, ...options: string[]): Record<string, unknown> {
  const out = test.info().outputPath(`${name}.json`);
  execFileSync('npx', ['tsx', 'src/cli/main.ts', 'eval', name, ...options, '--out', out], { stdio: 'ignore' });
  return JSON.parse(readFileSync(out, 'utf8')) as Record<string, unknown>;
}
