// npm test: types, lint and layering, unit tests, browser flows. Ends with one line over all suites: "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

mkdirSync('artifacts', { recursive: true });
const total = { passed: 0, failed: 0 };

function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
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

function vitest() {
  const file = 'artifacts/vitest.json';
  rmSync(file, { force: true });
  const ok = run('npx', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { numPassedTests: 0, numFailedTests: 0 };
  report('unit tests', result.numPassedTests, ok ? 0 : Math.max(1, result.numFailedTests));
}

check('types', 'npx', ['tsc', '--noEmit']);
check('lint', 'npx', ['eslint', '.', '--max-warnings', '0']);
check('layering', 'npx', ['depcruise', '--config', '.dependency-cruiser.cjs', 'src']);
vitest();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);
