import { expect } from '@playwright/test';
import { findBrowser } from '../scripts/browser.mjs';
import { button, keepScreen, PLAIN, section, test, tune, visit, waitForPhase } from './page';

test.use({ launchOptions: { executablePath: findBrowser(), args: ['--headless=new', '--no-sandbox', '--no-first-run', '--disable-features=WebGPU,WebGPUService'] } });

test('without WebGPU the page says so and runs on WASM', async ({ page }) => {
  await visit(page, `?steps=2&batch=1&${PLAIN}`);
  await expect(button(page, 'How to turn WebGPU on')).toBeVisible();
  await keepScreen(page, 'no-webgpu');
  await tune(page);
  await waitForPhase(page, 'done');
  await expect(section(page, 'Run')).toHaveAttribute('data-executor', 'wasm');
});
