import { expect, type Browser, type Page } from '@playwright/test';
import { button, evaluate, keepScreen, saved, section, test, tune, visit, waitForStep } from './page';

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

test('a first visit, nothing chosen, ends in time, and the command line finds the same in what it exports', async ({ page, browser }) => {
  const opened = performance.now();
  await visit(page);
  console.log(`the page is ready after ${((performance.now() - opened) / 1000).toFixed(1)} s; threads of WASM: ${await page.evaluate(() => (crossOriginIsolated ? navigator.hardwareConcurrency : 1))}`);
  await tune(page);
  const all = await laps(page, browser);
  const total = all.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { phase, seconds, cpu } of all) console.log(`${phase.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s, of processor ${cpu.toFixed(1).padStart(7)} s`);
  console.log(`${'all'.padEnd(12)} ${total.toFixed(1).padStart(7)} s, of processor ${all.reduce((sum, { cpu }) => sum + cpu, 0).toFixed(1).padStart(7)} s`);
  await keepScreen(page, 'first-visit-done');
  expect.soft(total).toBeLessThan(LONGEST_JOB);

  const compare = section(page, 'Compare');
  const clip = await saved(page, () => button(page, 'Export').click());
  await compare.getByRole('button', { name: 'Change' }).click();
  const pairs = await saved(page, () => compare.getByRole('button', { name: 'Save as zip' }).click());
  expect(evaluate('mmvp', '--clip', clip, '--mmvp', pairs, '--executor', 'ort')).toMatchObject({ of: 135, pairs_right: Number(await compare.getAttribute('data-after')) });
});

type Report = Record<string, never> & { readonly baseline: Record<string, never> };

/** Each evaluation's name in the command line, and its figures before and after in the report. */
const EVALUATIONS: readonly (readonly [title: string, name: string, figures: (report: Report) => readonly [before: number, after: number]])[] = [
  ['Attributes in the embedding', 'readout', ({ average_percent, baseline }) => [baseline.average_percent, average_percent]],
  ['Zero-shot classification', 'zero-shot', ({ mean_top1_percent, baseline_mean_top1_percent }) => [baseline_mean_top1_percent, mean_top1_percent]],
  ['Retrieval', 'retrieval', ({ mean_r1_percent, baseline_mean_r1_percent }) => [baseline_mean_r1_percent, mean_r1_percent]],
  ['Segmentation', 'segmentation', ({ training_free, baseline }) => [baseline.training_free['miou_percent'], training_free['miou_percent']]],
  ['Questions and answers', 'vqa', ({ paired, baseline }) => [baseline.paired['percent'], paired['percent']]],
];

for (const [title, name, figures] of EVALUATIONS) {
  test(`what the page measures under "${title}" is what the command line's ${name} finds`, async ({ page, browser }) => {
    await visit(page, '?steps=4');
    await tune(page);
    await waitForStep(page, 4, PATIENCE);
    const card = page.getByRole('article', { name: title });
    const begun = [performance.now(), await cpuSeconds(browser)] as const;
    await card.getByRole('button', { name: 'Measure' }).click({ timeout: PATIENCE });
    await expect(card).toHaveAttribute('data-after', /\d/, { timeout: PATIENCE });
    console.log(`${name}: both models in ${((performance.now() - begun[0]) / 1000).toFixed(1)} s, of processor ${((await cpuSeconds(browser)) - begun[1]).toFixed(1)} s`);
    for (const summary of await card.locator('summary').all()) await summary.click();
    await card.screenshot({ path: `artifacts/screens/measure-${name}.png` });
    const clip = await saved(page, () => button(page, 'Export').click());
    const report = evaluate(name, '--clip', clip, '--baseline', BASELINE, '--nano', '--executor', 'ort') as Report;
    const shown = [Number(await card.getAttribute('data-before')), Number(await card.getAttribute('data-after'))];
    expect(shown.map((figure) => figure.toFixed(1))).toEqual(figures(report).map((figure) => figure.toFixed(1)));
  });
}
