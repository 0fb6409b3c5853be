import { chromium } from 'playwright-core';
import t from 'tap';
import { loadRules } from '../../src/evaluate/directory.ts';
import { FORMAT_NAMES, FORMATS } from '../../src/report/formats.ts';
import { browserPath } from '../web/browser.ts';
import { recorded, StandIn, served } from './stand-in.ts';

const control = new StandIn(['prod']);
const run = control.commit('prod', await recorded('1.20.3-int-dataoff'));
const { address } = await served(control, {}, { rules: loadRules });
const report = `${address}/api/v1/runs/${run.id}/report`;

t.test('every format of the command has its type and its name, and none is what another one is', async (t) => {
  const texts = new Set<string>();
  for (const name of FORMAT_NAMES) {
    const response = await fetch(`${report}?format=${name}`);
    t.equal(response.status, 200, name);
    t.equal(response.headers.get('content-type'), FORMATS[name].type);
    const file = `inline; filename="flinkprobe-${run.id}.${FORMATS[name].extension}"`;
    t.equal(response.headers.get('content-disposition'), file);
    texts.add(await response.text());
  }
  t.equal(texts.size, FORMAT_NAMES.length);
});

t.test('SARIF has the texts of the rules', async (t) => {
  const [rule] = (await loadRules()).filter(({ id }) => id === 'plaintext-channel');
  t.ok((await (await fetch(`${report}?format=sarif`)).text()).includes(JSON.stringify(rule!.rationale)));
});

t.test("a report as a page has a policy of its own, stricter than the daemon's", async (t) => {
  const policy = (await fetch(`${report}?format=html`)).headers.get('content-security-policy')!;
  t.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; .*frame-ancestors 'none'; sandbox$/);
  t.notMatch(policy, /'self'|unsafe|script-src/);
  const other = (await fetch(`${report}?format=csv`)).headers.get('content-security-policy')!;
  t.match(other, "script-src 'self'");
});

const browser = browserPath();

t.test(
  'a browser shows it with its style',
  { skip: browser === undefined ? 'no chromium found' : false },
  async (t) => {
    const running = await chromium.launch({ executablePath: browser!, args: ['--no-sandbox'] });
    t.teardown(() => running.close());
    const tab = await running.newPage();
    const complaints: string[] = [];
    tab.on('console', (message) => complaints.push(message.text()));
    await tab.goto(`${report}?format=html`);
    t.equal(await tab.evaluate('getComputedStyle(document.querySelector("h1")).fontSize'), '34px');
    t.match(await tab.title(), /^flinkprobe analyze: fail/);
    t.strictSame(complaints, []);
  },
);
