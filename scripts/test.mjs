// npm test: types, lint and layering, unit tests, a small pretraining, browser flows. Ends with one line over all suites: "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { findVulkanDriver } from './browser.mjs';

mkdirSync('artifacts', { recursive: true });
const total = { passed: 0, failed: 0 };

function run(command, args, env = process.env) {
  return spawnSync(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' }).status === 0;
}

function report(suite, passed, failed) {
  total.passed += passed;
  total.failed += failed;
  console.log(`-- ${suite}: ${passed} passed, ${failed} failed --`);
}

/** A suite that is one check. */
function check(suite, command, args) {
  const ok = run(command, args);
  report(suite, ok ? 1 : 0, ok ? 0 : 1);
}

/** The environment for WebGPU in Node; where no driver is to be had, the tests that need one skip and say so. */
function softwareGpu() {
  try {
    const driver = findVulkanDriver();
    return driver ? { XDG_RUNTIME_DIR: '/tmp', ...process.env, VK_ICD_FILENAMES: driver } : process.env;
  } catch (error) {
    console.error(error.message);
    return process.env;
  }
}

function vitest() {
  const file = 'artifacts/vitest.json';
  rmSync(file, { force: true });
  const ok = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`], softwareGpu());
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { numPassedTests: 0, numFailedTests: 0 };
  report('unit tests', result.numPassedTests, ok ? 0 : Math.max(1, result.numFailedTests));
}

function playwright() {
  if (!existsSync('e2e') || !readdirSync('e2e', { recursive: true }).some((file) => file.endsWith('.spec.ts'))) {
    console.log('-- browser flows: none are written yet --');
    return;
  }
  const file = 'artifacts/playwright.json';
  rmSync(file, { force: true });
  const ok = run('npx', ['playwright', 'test', '--project', 'flows']);
  const stats = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).stats : { expected: 0, unexpected: 0, flaky: 0 };
  report('browser flows', stats.expected + stats.flaky, ok ? 0 : Math.max(1, stats.unexpected));
}

/** A few steps of all four stages that the shipped models were made by. */
function pretraining() {
  const out = 'artifacts/pretrained';
  rmSync(out, { recursive: true, force: true });
  check('pretraining in small', 'npx', ['tsx', 'src/cli/pretrain.ts', '--smoke', '--out', out]);
}

check('types', 'npx', ['tsc', '--noEmit']);
check('lint', 'npx', ['eslint', '.', '--max-warnings', '0']);
check('layering', 'npx', ['depcruise', '--config', '.dependency-cruiser.cjs', 'src']);
vitest();
pretraining();
playwright();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);
