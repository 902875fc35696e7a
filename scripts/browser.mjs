// Finds a Chromium for the browser tests and a software Vulkan driver for WebGPU in Node, and installs them where it may.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

function installed() {
  if (process.env.CHROME_PATH) return process.env.CHROME_PATH;
  const folders = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':');
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...PLACES, chromium.executablePath()].find((path) => path && existsSync(path));
}

/** As root on a system with apt, asks it for Chromium and the Vulkan loader. */
function installByApt() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  console.error('No Chromium here: asking apt-get for chromium and libvulkan1.');
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', 'chromium', 'libvulkan1'], options);
}

/** Path of a Chrome or Chromium. Throws, saying what to install, when there is none and none can be had. */
export function findBrowser() {
  const path = installed() ?? (installByApt(), installed());
  if (path) return path;
  throw new Error('No Chrome or Chromium found. Install one, or run `npx playwright install chromium`, or set CHROME_PATH.');
}

/** The folder a browser really lies in: follows links and the shell scripts that distributions wrap it in. */
function browserFolders(browser) {
  const real = spawnSync('readlink', ['-f', browser]).stdout?.toString().trim() || browser;
  return [dirname(real), '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
}

/** A Vulkan driver description for Dawn in Node: the environment's, the system's, or the software one that comes with Chromium. */
export function findVulkanDriver() {
  if (process.platform !== 'linux') return undefined;
  if (process.env.VK_ICD_FILENAMES) return process.env.VK_ICD_FILENAMES;
  const system = '/usr/share/vulkan/icd.d';
  if (existsSync(system) && readdirSync(system).length) return undefined;
  return browserFolders(findBrowser()).map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((path) => existsSync(path));
}
