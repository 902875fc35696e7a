import { execFileSync } from 'node:child_process';
import { expect, type Browser, type Page } from '@playwright/test';
import { button, evaluate, saved, section, test, tune, visit, waitForStep } from './page';

/** `npm run first-visit`: what takes minutes. The whole job of a first visit with its time, and every evaluation of the page against the command line's. */

const LONGEST_JOB = 600;
const PATIENCE = 3_000_000;
const BASELINE = 'public/models/nano-clip';

/** Seconds of processor that the browser and all of its processes have used. */
async function cpuSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

interface Lap {
  readonly phase: string;
  readonly seconds: number;
  readonly cpu: number;
}

/** Follows a run to its end. */
async function laps(page: Page, browser: Browser): Promise<Lap[]> {
  const run = section(page, 'Run');
  const done: Lap[] = [];
  let [phase, since, cpu] = ['starting', performance.now(), await cpuSeconds(browser)];
  while (phase !== 'done') {
    const now = (await run.getAttribute('data-phase'))!;
    expect(now).not.toBe('failed');
    if (now !== phase) {
      const [time, used] = [performance.now(), await cpuSeconds(browser)];
      done.push({ phase, seconds: (time - since) / 1000, cpu: used - cpu });
      [phase, since, cpu] = [now, time, used];
    }
    await page.waitForTimeout(100);
  }
  return done;
}

/** Keeps the whole page as it stands, wide and narrow, light and dark. */
async function keepLooks(page: Page, name: string): Promise<void> {
  for (const [looks, width, colorScheme] of [['wide', 1280, 'light'], ['dark', 1280, 'dark'], ['narrow', 390, 'dark']] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(500);
    await page.screenshot({ path: `artifacts/screens/${name}-${looks}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

/** The page's benchmark as a zip. */
async function savedPairs(page: Page): Promise<string> {
  const compare = section(page, 'Compare');
  await compare.getByRole('button', { name: 'Change' }).click();
  return saved(page, () => compare.getByRole('button', { name: 'Save as zip' }).click());
}

test('a first visit, nothing chosen, ends in time, and the command line finds the same in what it exports', async ({ page, browser }) => {
  const opened = performance.now();
  await visit(page);
  console.log(`the page is ready after ${((performance.now() - opened) / 1000).toFixed(1)} s; threads of WASM: ${await page.evaluate(() => (crossOriginIsolated ? navigator.hardwareConcurrency : 1))}`);
  await tune(page);
  const all = await laps(page, browser);
  const total = all.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { phase, seconds, cpu } of all) console.log(`${phase.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s, of processor ${cpu.toFixed(1).padStart(7)} s`);
  console.log(`${'all'.padEnd(12)} ${total.toFixed(1).padStart(7)} s, of processor ${all.reduce((sum, { cpu }) => sum + cpu, 0).toFixed(1).padStart(7)} s`);
  await keepLooks(page, 'first-visit-done');
  expect.soft(total).toBeLessThan(LONGEST_JOB);

  const compare = section(page, 'Compare');
  const clip = await saved(page, () => button(page, 'Export').click());
  const pairs = await savedPairs(page);
  expect(evaluate('mmvp', '--clip', clip, '--mmvp', pairs, '--executor', 'ort')).toMatchObject({ of: 135, pairs_right: Number(await compare.getAttribute('data-after')) });
});

type Figures = readonly [before: number, after: number];

/** What the command line's `eval` says of an exported folder: its report has the figures before and after at these places. */
const said = (name: string, before: readonly string[], after: readonly string[]) => (clip: string): Figures => {
  const report = evaluate(name, '--clip', clip, '--baseline', BASELINE, '--nano', '--executor', 'ort');
  return [before, after].map((path) => path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], report) as number) as unknown as Figures;
};

/** `realign`, and then `eval mmvp`, of the untouched model and of an exported folder. */
const saidRealigned = async (clip: string, page: Page): Promise<Figures> => {
  const pairs = await savedPairs(page);
  return [BASELINE, clip].map((model, i) => {
    const out = test.info().outputPath(`realigned-${i}`);
    execFileSync('npx', ['tsx', 'src/cli/main.ts', 'realign', '--clip', model, '--nano', '--executor', 'ort', '--out', out], { stdio: 'ignore' });
    return evaluate('mmvp', '--clip', out, '--mmvp', pairs, '--executor', 'ort')['average_percent'] as number;
  }) as unknown as Figures;
};

const EVALUATIONS: readonly (readonly [title: string, commands: (clip: string, page: Page) => Figures | Promise<Figures>])[] = [
  ['Pairs, texts aligned again', saidRealigned],
  ['Attributes in the embedding', said('readout', ['baseline', 'average_percent'], ['average_percent'])],
  ['Zero-shot classification', said('zero-shot', ['baseline_mean_top1_percent'], ['mean_top1_percent'])],
  ['Retrieval', said('retrieval', ['baseline_mean_r1_percent'], ['mean_r1_percent'])],
  ['Segmentation', said('segmentation', ['baseline', 'training_free', 'miou_percent'], ['training_free', 'miou_percent'])],
  ['Questions and answers', said('vqa', ['baseline', 'paired', 'percent'], ['paired', 'percent'])],
];

for (const [title, commands] of EVALUATIONS) {
  test(`what the page measures under "${title}" is what the command line finds`, async ({ page, browser }) => {
    await visit(page, '?steps=4');
    await tune(page);
    await waitForStep(page, 4, PATIENCE);
    const card = page.getByRole('article', { name: title });
    const begun = [performance.now(), await cpuSeconds(browser)] as const;
    await card.getByRole('button', { name: 'Measure' }).click({ timeout: PATIENCE });
    await expect(card).toHaveAttribute('data-after', /\d/, { timeout: PATIENCE });
    console.log(`${title}: both models in ${((performance.now() - begun[0]) / 1000).toFixed(1)} s, of processor ${((await cpuSeconds(browser)) - begun[1]).toFixed(1)} s`);
    for (const summary of await card.locator('summary').all()) await summary.click();
    await card.screenshot({ path: `artifacts/screens/measure-${title.split(' ')[0]!.toLowerCase()}.png` });
    const clip = await saved(page, () => button(page, 'Export').click());
    const shown = [Number(await card.getAttribute('data-before')), Number(await card.getAttribute('data-after'))];
    expect(shown.map((figure) => figure.toFixed(1))).toEqual((await commands(clip, page)).map((figure) => figure.toFixed(1)));
  });
}
