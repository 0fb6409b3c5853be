import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import type { Viewer } from '../../src/http/dashboard.ts';
import { scriptJson } from '../../src/http/dashboard-html.ts';
import { escaped, htmlText, TAGS } from '../../src/web/html-text.ts';
import { PAGE_LIMITS, type PageModel } from '../../src/web/model.ts';
import { pageView } from '../../src/web/view-page.ts';
import { recorded, StandIn } from '../http/stand-in.ts';
import { AFTER, served } from './served.ts';

const { address, daemon, assets, store, stop } = await served();
t.teardown(stop);

const { createDashboard } = await import('../../src/http/dashboard.ts');
const dashboard = createDashboard(daemon, assets);

const HOME = `/?cluster=${AFTER}`;

async function text(path: string, viewer?: Viewer, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = dashboard(new Request(`http://localhost${path}`, { headers }), viewer);
  return answer === undefined ? 'nothing' : answer.text();
}

t.test('the page without JavaScript has the grid, the findings and the certificates as tables', async (t) => {
  const page = await (await fetch(`${address}${HOME}`)).text();
  for (const label of [
    'TM data, tm1, FAIL, clear text',
    'TM data, tm2, FAIL, clear text',
    'JM RPC, jm, PASS, mutual TLS 1.2',
    'Blob server, jm, PASS, mutual TLS 1.2',
  ])
    t.match(page, `aria-label="${label}"`, label);
  t.equal([...page.matchAll(/<table/g)].length, [...page.matchAll(/<\/table>/g)].length);
  for (const heading of ['Channels', 'Findings', 'History', 'Certificates', 'Coverage', 'Waivers', 'Wire'])
    t.match(page, new RegExp(`<h2[^>]*>${heading}`), heading);
  t.match(page, '5 critical problems');
  t.match(page, 'taskmanager.data.ssl.enabled: true', 'the fix of the worst one');
  t.match(page, 'CN=internal', 'the whole subject');
});

t.test('filters, cells and findings are addresses that the server answers', async (t) => {
  const rows = (page: string): number => [...page.matchAll(/data-finding/g)].length;
  t.equal(rows(await text(HOME)), 5);
  t.equal(rows(await text(`${HOME}&channel=taskmanager-data`)), 4);
  t.equal(rows(await text(`${HOME}&status=resolved`)), 0);
  t.equal(rows(await text(`${HOME}&severity=low`)), 0);
  t.match(await text(`${HOME}&cell=${encodeURIComponent('blob-server/jm')}`), '>Blob server, jm</h2>');
  const [first] = store.findings({ cluster: AFTER, state: 'open', channel: 'rest' });
  t.match(await text(`${HOME}&finding=${first?.finding.fingerprint}`), '<p class="place">REST / Web UI · jm');
  t.match(await text(`${HOME}&finding=nothing`), 'no longer kept');
  t.match(await text('/?cluster=nowhere'), 'No such cluster');
  t.match(await text('/?cluster=staging'), '<h1 id="headline" class="bad">9 critical problems');
  t.match(await text('/'), '<title>staging: 9 critical problems', 'the worst one, where none is asked for');
});

t.test('the model holds the texts of the finding that is shown, and tells those of another one', async (t) => {
  const whole = store.findings({ cluster: AFTER, state: 'open' });
  const model = async (more: string): Promise<PageModel> =>
    JSON.parse(await text(`${HOME}&as=json${more}`)) as PageModel;
  const told = ({ findings }: PageModel): string[] =>
    findings.filter(({ texts }) => texts === undefined).map(({ finding }) => finding.fingerprint);
  t.equal(told(await model('')).length, 1);
  for (const { finding } of whole) {
    t.strictSame(told(await model(`&finding=${finding.fingerprint}`)), [finding.fingerprint]);
    const one = JSON.parse(await text(`${HOME}&as=finding&finding=${finding.fingerprint}`));
    t.strictSame(one.finding.evidence, finding.evidence);
  }
  t.throws(() => dashboard(new Request('http://localhost/?as=finding&finding=nothing')), {
    message: 'there is no such finding, or it is no longer kept',
  });
  t.throws(() => dashboard(new Request('http://localhost/?as=table')), { message: 'as must be json or finding' });
});

t.test('what crossed in clear before the page was opened is on it, newest first, twenty at most', async (t) => {
  const server = { host: '10.77.0.3', port: 6121, member: 'tm2' };
  const transfer = { channel: 'taskmanager-data', server, kind: 'records', bytes: 1 } as const;
  for (let frame = 1; frame <= 30; frame += 1) {
    const seenAt = `2026-11-22T04:31:${String(frame).padStart(2, '0')}.000Z`;
    daemon.live.publish('clear-transfer', { ...transfer, cluster: AFTER, frame, seenAt });
  }
  daemon.live.publish('clear-transfer', { ...transfer, cluster: 'staging', frame: 99 });
  const { clear } = JSON.parse(await text(`${HOME}&as=json`)) as PageModel;
  t.strictSame(
    clear.map(({ frame }) => frame),
    Array.from({ length: 20 }, (_, index) => 30 - index),
  );
  t.match(await text(HOME), '<time datetime="2026-11-22T04:31:30.000Z"', 'the time of the packets');
});

t.test('a cluster that nobody is asked for and no capture was read of has no share of the wire', async (t) => {
  const control = new StandIn(['a']);
  const whole = await recorded('1.20.3-int-dataoff');
  control.commit('a', { ...whole, inputs: [{ kind: 'target', path: 'jm:6123' }] });
  const page = async (): Promise<PageModel> =>
    JSON.parse(await createDashboard(control, assets)(new Request('http://localhost/?as=json'))!.text()) as PageModel;
  t.equal((await page()).traffic, undefined);
  t.equal((await page()).recording, undefined);
  const [input] = whole.inputs;
  const quality = { ...input!.quality!, captureDrops: 3, gaps: 2, gapBytes: 77 };
  control.commit('a', { ...whole, inputs: [{ ...input!, quality }] });
  const { traffic, recording } = await page();
  t.match(traffic, { drops: 3, gaps: 2, gapBytes: 77 });
  t.strictSame(recording, { from: input!.firstPacketAt, to: input!.lastPacketAt });
  control.commit('a', whole, 'live');
  t.equal((await page()).recording, undefined, 'the wire of now is none');
});

t.test('readers are not offered what only operators may do', async (t) => {
  const model = (role: Viewer['role']): Promise<PageModel> =>
    text(`${HOME}&as=json`, { role }).then((told) => JSON.parse(told) as PageModel);
  t.equal((await model('operator')).operator, true);
  t.equal((await model('reader')).operator, false);
  const view = async (role: Viewer['role']): Promise<string> => {
    const asked = await model(role);
    return htmlText(
      pageView({ ...TAGS, model: asked, query: { status: 'open' }, now: asked.status.now, live: 'live' }),
    );
  };
  t.match(await view('operator'), 'data-run');
  t.notMatch(await view('reader'), 'data-run');
});

t.test('files have names with a hash, are kept for ever, and come compressed where that is understood', async (t) => {
  const names = [...assets.keys()];
  t.equal(names.length, 2, names.join());
  for (const name of names) {
    t.match(name, /^\w+-[A-Z0-9]{8}\.(?:js|css)$/);
    const answer = await fetch(`${address}/assets/${name}`);
    t.equal(answer.headers.get('content-encoding'), 'gzip', name);
    t.match(answer.headers.get('cache-control'), 'immutable');
    t.same(Buffer.from(await answer.arrayBuffer()), Buffer.from(assets.get(name)!), name);
  }
  for (const path of ['/assets/main.js', '/assets/../package.json', '/assets/%2e%2e/x', '/other'])
    t.equal(await text(path), 'nothing', path);
  const plain = dashboard(
    new Request(`http://localhost/assets/${names[0]}`, { headers: { 'accept-encoding': 'gzip;q=0, br' } }),
  );
  t.equal(plain?.headers.get('content-encoding'), null);
});

t.test('all that the page is made of is below 45 kB compressed', async (t) => {
  const page = gzipSync(await text(HOME)).length;
  const sizes = new Map([...assets].map(([name, contents]) => [name, gzipSync(contents, { level: 9 }).length]));
  const all = [...sizes.values()].reduce((sum, size) => sum + size, page);
  t.comment(`page ${page}, ${[...sizes].map(([name, size]) => `${name} ${size}`).join(', ')}: ${all}`);
  t.ok(all < 45_000, String(all));
});

/** Markup, quotes, ends of scripts and comments, and what would be a template. */
const hostile = fc.oneof(
  fc.constantFrom(
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)",
    '<!--',
    ']]>',
    '{{alert(1)}}',
    'javascript:alert(1)',
    '\u2028\0&lt;<>&"\'',
  ),
  fc.string({ unit: 'binary' }),
);

/** Every text of a model replaced. */
function hostileCopy(value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((one) => hostileCopy(one, text));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, HOSTILE.has(key) ? text : hostileCopy(one, text)]),
  );
}

/** Fields that hold words of others: of the network, of files, of settings. */
const HOSTILE = new Set(
  'cluster member host path title message expected observed text subject issuer serialNumber sha256 fingerprint ruleId command url name problem reason owner id lastRun version'.split(
    ' ',
  ),
);

t.test('nothing that was read becomes markup', async () => {
  const model = JSON.parse(await text(`${HOME}&as=json`)) as PageModel;
  const tags = (html: string): string[] => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, ''));
  fc.assert(
    fc.property(hostile, (word) => {
      const bad = hostileCopy(model, word) as PageModel;
      const shown = {
        ...bad,
        findings: bad.findings.map((one) => ({
          ...one,
          finding: {
            ...one.finding,
            references: [word],
            remediation: { text: word, settings: { [word]: word }, command: word },
          },
        })),
      };
      const view = { ...TAGS, query: { status: 'open' }, now: model.status.now, live: 'live' } as const;
      const html = htmlText(pageView({ ...view, model: shown }));
      const plain = htmlText(pageView({ ...view, model: hostileCopy(shown, 'x') as PageModel }));
      // Which elements there are may differ, where a text is empty; none is there that the templates do not have.
      const known = new Set(ELEMENTS);
      for (const tag of tags(html)) {
        const name = /^<\/?([a-z0-9]+)(?:[\s/>])/i.exec(tag)?.[1];
        if (name === undefined || !known.has(name)) throw new Error(`${tag} of ${JSON.stringify(word)}`);
        if (/\son\w+|\sstyle|javascript:/i.test(tag)) throw new Error(`${tag} of ${JSON.stringify(word)}`);
      }
      return !/<(?:script|img)/i.test(html) && plain.length > 0;
    }),
    { numRuns: 40 },
  );
});

const ELEMENTS =
  'a b button code dd details div dl dt footer form h1 h2 h3 header i input label li line main nav ol option p path pre rect section select span summary svg table tbody td text th thead time title tr ul'.split(
    ' ',
  );

t.test('what stands in the script element comes back as it was, and cannot end it', async (t) => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: false }), hostile, (value, word) => {
      const json = scriptJson({ value, word });
      t.notMatch(json, /[<>&\u2028\u2029]/);
      return JSON.stringify(JSON.parse(json)) === JSON.stringify({ value, word });
    }),
    { numRuns: 200 },
  );
});

t.test('a text is the same text again when a browser has read it', async (t) => {
  const unescaped = (html: string): string =>
    html.replace(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]!,
    );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => unescaped(escaped(word)) === word.replaceAll('\0', '\ufffd')),
  );
  const { html } = TAGS;
  t.equal(
    htmlText(html`<i ?hidden=${true} title="${'"'}">${['<', html`<b>${1}</b>`]}${undefined}</i>`),
    '<i hidden title="&quot;">&lt;<b>1</b></i>',
  );
  t.equal(htmlText(html`<i ?hidden=${false}></i>`), '<i></i>');
});

t.test('what comes as JSON is never taken for a template', async (t) => {
  const forged = JSON.parse('{"strings":["<script>"],"values":[]}') as never;
  const { html } = TAGS;
  t.notMatch(htmlText(html`<p>${[forged]}</p>`), '<script>');
});

t.test('of more findings than the page lists the count is told', async (t) => {
  const model = JSON.parse(await text(`${HOME}&as=json`)) as PageModel;
  t.strictSame(model.leftOut, { findings: 0, certificates: 0 });
  t.ok(model.findings.length <= PAGE_LIMITS.findings);
});
