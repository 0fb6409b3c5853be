import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import t from 'tap';
import { root } from '../support/repository.ts';
import { browserPath } from './browser.ts';
import { AFTER, served } from './served.ts';

/** Pictures for the README, made where FLINKPROBE_SCREENSHOTS is set. */
const executablePath = browserPath();
const skip =
  process.env.FLINKPROBE_SCREENSHOTS === undefined
    ? 'FLINKPROBE_SCREENSHOTS is not set'
    : executablePath === undefined
      ? 'no Chromium found (Debian: chromium-headless-shell)'
      : false;

t.test('pictures of the page are made', { skip }, async (t) => {
  const page = await served();
  t.teardown(() => page.stop());
  const browser = await chromium.launch({ executablePath: executablePath! });
  t.teardown(() => browser.close());
  for (const [name, colorScheme] of [
    ['dashboard', 'light'],
    ['dark', 'dark'],
  ] as const) {
    const tab = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 960 } });
    await tab.goto(`${page.address}/?cluster=${AFTER}`);
    await tab.locator('.live', { hasText: /^live$/ }).waitFor();
    const file = path.join(root, 'docs/images', `${name}.png`);
    writeFileSync(file, await tab.screenshot());
    spawnSync('pngquant', ['--force', '--strip', '--speed', '1', '--ext', '.png', '64', file]);
    t.ok(statSync(file).size < 150_000, `${name}: ${statSync(file).size} bytes`);
    t.equal(readFileSync(file).subarray(1, 4).toString(), 'PNG');
  }
});
