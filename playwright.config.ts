import { defineConfig } from '@playwright/test';
import { findBrowser } from './scripts/browser.mjs';

const PORT = 4273;

export default defineConfig({
  testDir: 'e2e',
  projects: [{ name: 'flows', testMatch: '*.spec.ts' }, { name: 'first-visit', testMatch: 'first-visit.ts', timeout: 3_600_000 }],
  outputDir: 'test-results',
  // Guards against hanging, not measures of speed: beside other work a flow takes three times as long.
  timeout: 300_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: [['list'], ['json', { outputFile: 'artifacts/playwright.json' }]],
  use: {
    actionTimeout: 60_000,
    baseURL: `http://localhost:${PORT}/`,
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: findBrowser(),
      args: [
        '--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader',
        '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    },
  },
  webServer: { command: `npx vite build --logLevel warn && npx vite preview --port ${PORT} --strictPort`, port: PORT, reuseExistingServer: false, timeout: 120_000 },
});
