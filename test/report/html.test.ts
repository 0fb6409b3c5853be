import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { chromium } from 'playwright-core';
import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { formatHtml } from '../../src/report/html.ts';
import { comparedReport } from '../support/compared-report.ts';
import { EVERY_KIND, everyKindReport, hostileReport, hostileText } from '../support/hostile-reports.ts';
import { recordedReport } from '../support/recorded-report.ts';
import { read } from '../support/repository.ts';
import { cleanReport, HOSTILE, sampleReport } from '../support/sample-report.ts';
import { temporary } from '../support/temporary.ts';
import { browserPath } from '../web/browser.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/;

t.test('it runs nothing, fetches nothing and names its one style by its hash', async (t) => {
  const text = formatHtml(sampleReport());
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(text)!;
  const hash = createHash('sha256').update(style!).digest('base64');
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)!;
  t.equal(policy, `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
  t.notMatch(text, /<(?:script|link|img|iframe|object|embed|form|base)\b|\son\w+=|\bstyle=|@import|url\(/i);
  t.ok(Buffer.byteLength(text) < 100_000);
});

t.test('verdict, worst finding, endpoints, findings, what was not seen', async (t) => {
  const text = formatHtml(await recordedReport('1.20.3-w-off'));
  t.match(text, /<h1 class="fail">.*FAIL/s);
  t.match(text, '<b>Channel in clear where TLS is expected: rest jm 10.77.0.1:8081</b><br>1 critical, 1 high');
  t.match(text, /security\.ssl\.rest\.enabled: true\nsecurity\.ssl\.rest\.keystore/);
  t.match(text, 'frame 45, o3: 10.77.0.9:53924 -&gt; jm (10.77.0.1:8081)');
  t.match(text, /taskmanager-data<\/td>[\s\S]{0,600}not-seen<\/span>/);
});

t.test('a finding of every kind is there, each under its word', async (t) => {
  const text = formatHtml(everyKindReport());
  const words = ['FAIL', 'WAIVED', 'WARN', 'INFO', 'INCONCLUSIVE', 'ERROR'];
  for (const [index, { ruleId, fingerprint }] of EVERY_KIND.entries()) {
    const [article] = new RegExp(`<article aria-labelledby="f-${fingerprint}">[\\s\\S]*?</article>`).exec(text) ?? [''];
    t.match(article, `<span>${words[index]}</span>`, ruleId);
    t.match(article, ruleId);
  }
  t.match(text, '<b>Waived</b> until 2026-12-31 by platform-team: encrypted by the mesh');
  t.match(text, '<span class="incomplete">incomplete</span>');
  t.match(text, '<li>metrics-query-service: asked for, not seen.</li>');
});

t.test('a comparison, and a run that saw nothing', async (t) => {
  t.match(formatHtml(comparedReport()), 'Since ');
  const nothing = cleanReport({ observations: [], verdict: 'inconclusive' });
  t.match(formatHtml(nothing), 'nothing is known to be in order');
  t.match(
    formatHtml({ ...nothing, command: 'audit', expectations: [] }),
    'No configuration promises anything of a channel.',
  );
});

/** Elements by name, as often as they open; links apart, which pages that a rule refers to become. */
function elements(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, name] of text.matchAll(/<([a-z][a-z0-9]*)[\s>]/gi)) counts[name!] = (counts[name!] ?? 0) + 1;
  delete counts.a;
  return counts;
}

t.test('whatever a name holds, it is text: the elements are those of a harmless name', async (t) => {
  const harmless = elements(formatHtml(hostileReport('harmless')));
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(hostileText, (text) => {
        const html = formatHtml(hostileReport(text));
        const found = elements(html);
        const isSame = Object.keys({ ...found, ...harmless }).every((name) => found[name] === harmless[name]);
        const leadAway = [...html.matchAll(/href="([^"]*)"/g)].filter(([, to]) => !/^(?:#f-\d+$|https:\/\/)/.test(to!));
        return isSame && leadAway.length === 0 && !CONTROLS.test(html);
      }),
      { numRuns: 100, examples: [['https://evil.example/x\u202e'], ['https://evil.example/x\u0001']] },
    ),
  );
});

t.test("its colours are those of the daemon's page", async (t) => {
  const colours = (css: string): string[] => [...css.matchAll(/--[\w-]+: #[0-9a-f]{6};/g)].map(([one]) => one);
  const page = colours(read('src/web/browser/base.css'));
  const own = colours(read('src/report/html-style.ts').split('@media print')[0]!);
  t.ok(own.length > 20);
  t.strictSame(
    own.filter((one) => !page.includes(one)),
    [],
  );
});

const browser = browserPath();
const skip = browser === undefined ? 'no chromium found' : false;

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly object[] }[];
  readonly passes: readonly unknown[];
}

t.test(
  'a browser shows it: nothing is asked for, nothing complains, axe finds nothing serious',
  { skip },
  async (t) => {
    const folder = temporary();
    const running = await chromium.launch({ executablePath: browser!, args: ['--no-sandbox'] });
    t.teardown(() => running.close());
    const axe = read('node_modules/axe-core/axe.min.js');
    const shown: readonly (readonly ['light' | 'dark', Report])[] = [
      ['light', everyKindReport()],
      ['dark', hostileReport(`<img src=//x>${HOSTILE}`)],
    ];
    for (const [colorScheme, report] of shown) {
      const file = path.join(folder, `${colorScheme}.html`);
      writeFileSync(file, formatHtml(report));
      const tab = await running.newPage({ colorScheme, bypassCSP: false, viewport: { width: 390, height: 900 } });
      const requests: string[] = [];
      const complaints: string[] = [];
      tab.on('request', (request) => requests.push(request.url()));
      tab.on('console', (message) => complaints.push(message.text()));
      await tab.goto(pathToFileURL(file).href);
      t.strictSame(requests, [pathToFileURL(file).href], colorScheme);
      t.strictSame(complaints, [], colorScheme);
      t.ok(
        await tab.evaluate('getComputedStyle(document.querySelector("article")).borderTopWidth !== "0px"'),
        'styled',
      );
      const wide = await tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      t.equal(wide, 0, 'tables scroll, not the page');
      await tab.evaluate(axe);
      const { violations, passes } = await tab.evaluate<AxeResult>('axe.run(document)');
      t.ok(passes.length > 15, 'it looked');
      t.strictSame(
        violations.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
        [],
      );
      await tab.close();
    }
  },
);
