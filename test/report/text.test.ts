import t from 'tap';
import type { Report } from '../../src/model/report.ts';
import { displayWidth } from '../../src/report/layout.ts';
import { formatText } from '../../src/report/text.ts';
import { comparedReport } from '../support/compared-report.ts';
import { active, TM1 } from '../support/observations.ts';
import {
  cleanReport,
  clearObservation,
  finding,
  observation,
  sampleReport,
  tlsDetails,
} from '../support/sample-report.ts';

/** Setting lines and commands are whole, so that they can be copied: four blanks deeper than other fields. */
const COPIED = /^ {14}\S/;
const WIDTHS = [80, 100, 140] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;

t.test('fits 80, 100 and 140 columns, setting lines excepted', async (t) => {
  for (const width of WIDTHS) {
    const lines = formatText(sampleReport(), { width }).split('\n');
    const tooWide = lines.filter((line) => displayWidth(line) > width && !COPIED.test(line));
    t.same(tooWide, [], `${width} columns`);
  }
});

t.test('lets no control character of a certificate, host name or path out, in any layout', async (t) => {
  for (const layout of ['fitted', 'wide'] as const)
    t.notMatch(formatText(sampleReport(), { layout }), CONTROLS, layout);
  const plain = formatText(sampleReport(), { layout: 'plain' }).replaceAll('\t', '');
  t.notMatch(plain, CONTROLS, 'plain');
  t.match(plain, /\\x1b\[31mred/, 'they stand as escapes');
});

t.test('colours only where asked, and says the same words', async (t) => {
  const plain = formatText(sampleReport());
  const coloured = formatText(sampleReport(), { colour: 'ansi' });
  t.notMatch(plain, '\u001b');
  t.match(coloured, '\u001b[');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI codes
  t.equal(coloured.replace(/\u001b\[[0-9;]*m/g, ''), plain);
});

t.test('has one row a channel and member, in the order of channels', async (t) => {
  const rows = rowsOf(sampleReport(), 140);
  t.same(
    rows.map((row) => row.slice(0, 22).trim()),
    ['rest', 'jobmanager-rpc', 'taskmanager-data', 'blob-server', 'metrics-query-service', 'prometheus'],
  );
  t.match(rows[0], /jm 10\.77\.0\.1:8081 +PASS +1\.3 AES128-GCM +~not asked +hidden +- +1$/);
  t.match(rows[1], /PASS +1\.2 ECDHE-AES128-GCM +asked, given +bb31\.\.ac RSA 3072 +88 d +1$/);
  t.match(rows[2], /tm2 10\.77\.0\.3:6121 +FAIL critical +mixed 1\.2 .+ 2$/);
  t.match(rows[3], /FAIL high .+ -13 d +1$/);
  t.match(rows[4], /NOT SEEN/);
  t.match(rows[5], /tm1 10\.77\.0\.2:9249 +WARN low +clear /);
});

t.test('keeps channel, endpoint, result and version at 80 columns', async (t) => {
  const rows = rowsOf(sampleReport(), 80);
  t.match(rows[1], /^jobmanager-rpc +jm 10\.77\.0\.1:6123 +PASS +1\.2 +given/);
  t.match(rows[2], /^taskmanager-data +tm2 10\.77\.0\.3:6121 +FAIL critical +mixed/);
});

t.test('prints cells whole with --wide', async (t) => {
  t.match(formatText(sampleReport(), { layout: 'wide' }), /mixed 1\.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256/);
});

t.test('gives each finding where, expected, observed, proof, fix as YAML and where to read more', async (t) => {
  const text = formatText(sampleReport());
  t.match(text, 'FAIL  critical  plaintext-data  Channel in clear where TLS is expected  NEW');
  t.match(text, '  where     taskmanager-data  tm2 10.77.0.3:6121');
  t.match(text, '  expected  mutual TLS 1.2 or better (taskmanager.data.ssl.enabled: true)');
  t.match(text, '  observed  flink-data in clear from 10.77.0.2, 1512 bytes of records');
  t.match(text, '  proof     frame 88, offset 4096, o3: BufferResponse');
  t.match(text, '\n              taskmanager.data.ssl.enabled: true\n');
  t.match(text, '  more      flinkprobe explain plaintext-data');
});

t.test('quotes setting values that YAML would read otherwise', async (t) => {
  const settings = {
    a: 'TLS_A,TLS_B',
    b: 'x: y',
    c: '',
    d: '# no',
    e: '<keystore>',
    f: '*',
    g: '00112233',
    h: '1e5',
    i: '12:30',
  };
  const report = cleanReport({ findings: [finding({ remediation: { text: '', settings, command: null } })] });
  const text = formatText(report);
  for (const line of [
    'a: TLS_A,TLS_B',
    'b: "x: y"',
    'c: ""',
    'd: "# no"',
    'e: <keystore>',
    'f: "*"',
    'g: "00112233"',
    'h: "1e5"',
    'i: "12:30"',
  ]) {
    t.match(text, `\n              ${line}\n`);
  }
});

t.test('says what is not clean of an input, what it was held against, and what never appeared', async (t) => {
  const text = formatText(sampleReport());
  t.match(text, /^flinkprobe 0\.1\.0 {3}analyze {3}Flink 1\.20\.3\n/);
  t.match(text, 'quality 2 gaps (4 KiB missing)');
  t.match(text, 'truncated-record at byte 1607');
  t.match(text, 'against   configuration, and the default policy where it asks for less');
  t.match(text, '\nnot seen  taskmanager-rpc\n');
  t.match(text, '3 refused attempts');
  t.match(text, /\nverdict {3}FAIL {3}1 critical, 1 high, 1 low\n$/);
});

t.test('names the default policy where there is no configuration', async (t) => {
  const text = formatText(cleanReport({ expectations: [] }));
  t.match(text, 'against   default policy: internal channels mutual TLS 1.2 or better');
  t.match(text, /\nverdict {3}PASS {3}no findings\n$/);
  t.notMatch(text, 'quality');
});

t.test('groups one rule on many endpoints and lists the endpoints', async (t) => {
  const findings = Array.from({ length: 40 }, (_, n) =>
    finding({
      endpoint: { host: `10.0.1.${n}`, port: 6121, member: `tm${n}` },
      observed: `clear to tm${n}`,
      evidence: [{ frame: n, text: 'in clear' }],
      fingerprint: String(n),
    }),
  );
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.equal(text.match(/^FAIL {2}critical/gm)?.length, 1);
  t.match(text, 'tm0 10.0.1.0:6121');
  t.match(text, 'and 28 more endpoints (--wide shows all)');
  t.ok(text.split('\n').length < 50, 'a broken cluster stays readable');
  const wide = formatText(cleanReport({ findings, verdict: 'fail' }), { layout: 'wide' });
  for (const one of findings) t.match(wide, `${one.endpoint?.member} ${one.endpoint?.host}:6121`);
});

t.test('says once what differs between endpoints only in their names', async (t) => {
  const findings = [1, 2].map((n) =>
    finding({
      endpoint: { host: `10.0.1.${n}`, port: 6121, ...(n === 1 ? { member: 'tm1' } : {}) },
      message: `${n === 1 ? 'tm1 (10.0.1.1:6121)' : '10.0.1.2:6121'} uses the default suite`,
      observed: `${n} connections`,
    }),
  );
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.equal(text.match(/uses the default suite/g)?.length, 1);
  t.match(text, '  observed  tm1 10.0.1.1:6121: 1 connections\n            10.0.1.2:6121: 2 connections');
  t.equal(formatText(cleanReport({ findings }), { layout: 'wide' }).match(/uses the default suite/g)?.length, 2);
});

t.test('prints a cure once, and refers to it afterwards; --wide prints all', async (t) => {
  const remediation = { text: 'Switch it on.', settings: { a: 'true', b: '/path' }, command: null };
  const findings = [
    finding({ remediation }),
    finding({ ruleId: 'second', remediation }),
    finding({ ruleId: 'third', remediation: { ...remediation, text: 'Change the password.' } }),
  ];
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.equal(text.match(/^ {14}a: true$/gm)?.length, 1);
  t.match(text, '  fix       the same as of plaintext-data on taskmanager-data, above');
  t.match(
    text,
    'Change the password.\n            The settings are those of plaintext-data on taskmanager-data, above.',
  );
  const wide = formatText(cleanReport({ findings, verdict: 'fail' }), { layout: 'wide' });
  t.equal(wide.match(/^ {14}a: true$/gm)?.length, 3);
});

t.test('lists the commands of a group, which name their endpoints, under one text', async (t) => {
  const findings = ['jm', 'gw'].map((host) =>
    finding({
      endpoint: { host, port: 8081 },
      remediation: { text: 'Ask it:', settings: {}, command: `flinkprobe verify rest=${host}:8081` },
    }),
  );
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.equal(text.match(/Ask it:/g)?.length, 1);
  t.match(text, '\n              flinkprobe verify rest=jm:8081\n              flinkprobe verify rest=gw:8081\n');
});

t.test('names a client without its port, which is another one in every connection', async (t) => {
  const server = finding({ channel: 'jobmanager-rpc', endpoint: observation().server });
  const client = finding({ channel: 'jobmanager-rpc', endpoint: { host: '10.77.0.3', port: 40_000, member: 'tm2' } });
  t.match(formatText(cleanReport({ findings: [server] })), 'where     jobmanager-rpc  jm 10.77.0.1:6123\n');
  t.match(formatText(cleanReport({ findings: [client] })), 'where     jobmanager-rpc  tm2 10.77.0.3 (client)\n');
});

t.test('counts proofs that a finding did not keep, and leaves out the endpoint that stands above', async (t) => {
  const endpoint = { host: '10.77.0.3', port: 6121, member: 'tm2' };
  const texts = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ text: `${name} -> tm2 (10.77.0.3:6121): in clear` }));
  const findings = [finding({ endpoint, evidence: [...texts, { text: 'and 6 more' }] })];
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.match(
    text,
    'proof     a: in clear\n            b: in clear\n            c: in clear\n            and 8 more (--wide shows 5)',
  );
});

t.test('folds configurations of one folder into a line and says where members differ', async (t) => {
  const inputs = ['jm', 'tm1', 'tm2'].map((name) => ({ kind: 'configuration' as const, path: `/etc/flink/${name}` }));
  const promised = (member: string, tls: 'required' | 'forbidden') =>
    ({
      channel: 'jobmanager-rpc',
      member,
      tls,
      clientAuthentication: 'required',
      basis: 'configuration',
      because: [],
    }) as const;
  const expectations = [promised('jm', 'required'), promised('tm2', 'forbidden')];
  const text = formatText(cleanReport({ inputs, expectations }));
  t.match(text, 'members differ on\n          jobmanager-rpc\n          /etc/flink: jm, tm1, tm2\n');
});

t.test('groups neither different severities nor waived with open findings', async (t) => {
  const waived = { id: 'w', until: '2026-12-31', owner: 'sec-eng', reason: 'migration' };
  const findings = [finding(), finding({ severity: 'high' }), finding({ waived })];
  const text = formatText(cleanReport({ findings, verdict: 'fail' }));
  t.match(text, /^FAIL {2}critical/m);
  t.match(text, /^FAIL {2}high/m);
  t.match(text, /^WAIVED {2}critical/m);
  t.match(text, '  waived    until 2026-12-31 by sec-eng: migration');
});

t.test('never says PASS of an endpoint that nothing could be said of', async (t) => {
  const { tls: _, ...rest } = observation();
  const gap = { ...rest, kind: 'undecided' as const, because: 'gap' as const };
  t.match(rowsOf(cleanReport({ observations: [gap] }), 100)[0], /INCONCLUSIVE +gap/);
  const undecided = finding({ channel: 'jobmanager-rpc', endpoint: rest.server, verdict: 'inconclusive' });
  t.match(rowsOf(cleanReport({ findings: [undecided] }), 100)[0], /INCONCLUSIVE +1\.2/);
});

t.test('never says PASS where requests were refused and nothing good was seen', async (t) => {
  const answer = { kind: 'fin', text: 'a clear request was answered by FIN without a byte' } as const;
  const { tls: _, ...base } = observation({ channel: 'taskmanager-data' });
  const clear = clearObservation({ channel: 'taskmanager-data', server: base.server });
  t.match(rowsOf(cleanReport({ observations: [{ ...clear, answer }] }), 100)[0], /INCONCLUSIVE +refused \(clear\)/);
  t.match(rowsOf(cleanReport({ observations: [clear] }), 100)[0], /PASS +clear/, 'allowed and served');
  const redirect = { ...clear.plaintext!, details: { responses: 2, redirectsToHttps: 2 } };
  t.match(rowsOf(cleanReport({ observations: [{ ...clear, plaintext: redirect }] }), 100)[0], /INCONCLUSIVE/);
  const cut = observation({ tls: tlsDetails({ outcome: 'incomplete' }) });
  t.match(rowsOf(cleanReport({ observations: [cut] }), 100)[0], /INCONCLUSIVE +1\.2/, 'no handshake to its end');
});

t.test('marks the row whose observation proves a finding about the other side', async (t) => {
  const client = finding({
    channel: 'jobmanager-rpc',
    endpoint: { host: '10.77.0.3', port: 40_000, member: 'tm2' },
    evidence: [{ observation: 'o1', text: 'empty certificate' }],
  });
  t.match(rowsOf(cleanReport({ findings: [client] }), 100)[0], /^jobmanager-rpc .*FAIL critical/);
});

t.test('gives no row to clear traffic that is nothing of Flink', async (t) => {
  const other = clearObservation({ channel: 'unknown', server: { host: '10.0.0.9', port: 25 } });
  t.match(formatText(cleanReport({ observations: [other] })), 'No Flink channel and no TLS was seen.');
});

t.test('says what was presented to a request, and counts repeats', async (t) => {
  const empty = observation({
    repeats: 4,
    tls: tlsDetails({
      clientAuthentication: {
        verdict: 'required',
        presented: 'empty',
        basis: 'messages',
        certificateAuthorities: [],
        certificateTypes: [],
      },
    }),
  });
  t.match(rowsOf(cleanReport({ observations: [empty] }), 140)[0], / required .* 5$/);
});

t.test('says of an endpoint what its most telling connection shows of client certificates', async (t) => {
  type Seen = ReturnType<typeof tlsDetails>['clientAuthentication'];
  const of = (verdict: Seen['verdict'], presented: Seen['presented'], basis: Seen['basis'] = 'messages') =>
    observation({
      tls: tlsDetails({
        clientAuthentication: { verdict, presented, basis, certificateAuthorities: [], certificateTypes: [] },
      }),
    });
  const cell = (...seen: ReturnType<typeof of>[]) => {
    const header = formatText(cleanReport({ observations: seen }), { layout: 'plain' });
    return header
      .split('\n')
      .find((line) => line.startsWith('endpoint'))!
      .split('\t')[6];
  };
  t.equal(cell(of('requested', 'certificate'), of('required', 'empty')), 'required');
  t.equal(cell(of('requested', 'unknown'), of('requested', 'certificate')), 'asked, given');
  t.equal(cell(of('unknown', 'unknown'), of('not-requested', 'none', 'record-lengths')), '~not asked');
  t.equal(cell(of('not-requested', 'none'), of('requested', 'certificate')), 'asked, given / not asked', 'both stay');
  t.equal(cell(of('unknown', 'unknown')), 'unknown');
});

t.test('writes one record of tab-separated fields a line with --plain', async (t) => {
  const records = formatText(sampleReport(), { layout: 'plain' })
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  t.same([...new Set(records.map(([kind]) => kind))], ['input', 'endpoint', 'finding', 'summary']);
  for (const [kind, ...fields] of records) {
    t.equal(fields.length, { input: 4, endpoint: 9, finding: 9, summary: 3 }[kind!], kind!);
  }
  const critical = records.find((record) => record.includes('plaintext-data'));
  t.same(critical?.slice(0, 6), [
    'finding',
    'FAIL',
    'critical',
    'plaintext-data',
    'taskmanager-data',
    'tm2 10.77.0.3:6121',
  ]);
});

t.test('marks a run that was interrupted', async (t) => {
  t.match(formatText(cleanReport({ complete: false })), /^state {5}INCOMPLETE: the run was interrupted/m);
});

/** Rows of the table, without its header. */
function rowsOf(report: Report, width: number): string[] {
  const lines = formatText(report, { width }).split('\n');
  const start = lines.findIndex((line) => line.startsWith('CHANNEL '));
  return lines.slice(start + 1, lines.indexOf('', start));
}

t.test('shows what a probe found of each endpoint', async (t) => {
  const text = formatText(comparedReport(), { width: 160 });
  t.match(text, /rest +jm 10\.77\.0\.1:8081 .*1\.2\+1\.3 4 suites +not asked 1\.2, required 1\.3 +2 certificates/);
  t.match(text, /jobmanager-rpc +jm 10\.77\.0\.1:6123 .*any taken/);
  t.match(text, /taskmanager-data +tm1 10\.77\.0\.2:6121 +FAIL medium +1\.2 3 suites, weak: static RSA/);
  t.match(text, /taskmanager-rpc +tm1 10\.77\.0\.2:6122 .*clear/);
  t.match(text, /taskmanager-data +tm2 10\.77\.0\.3:6121 +INCONCLUSIVE +timeout/);
  t.match(text, /blob-server +jm 10\.77\.0\.1:6124 .*unusable/);
});

t.test('passes a healthy endpoint that a probe without an identity saw as far as it goes', async (t) => {
  const observations = [active({ channel: 'taskmanager-data', server: TM1 })];
  t.match(
    formatText(cleanReport({ observations }), { width: 140 }),
    /tm1 10\.77\.0\.2:6121 +PASS +1\.2\+1\.3 4 suites +required/,
  );
});

t.test('shows what was asked, what may stand in logs, how long was watched, and who was restarted', async (t) => {
  const text = formatText(comparedReport(), { width: 140 });
  t.match(text, "probed    standard: 6 endpoints, 15 connections, at most 12 WARN or ERROR lines in Flink's logs");
  t.match(text, '1 not answered wholly');
  t.match(text, 'watched   for 4.9 s');
  t.match(text, 'restarted tm1; not restarted: jm');
  t.match(text, 'target    rest=flink.acme.example:8081, tm1');
});

t.test('shows what changed since the baseline, weaker first, and what was fixed', async (t) => {
  const lines = formatText(comparedReport(), { width: 140 }).split('\n');
  const at = lines.findIndex((line) => line.startsWith('SINCE /srv/acme/before.json, 2026-11-21 13:00:00Z, PASS'));
  t.ok(at > 0);
  const words = lines.slice(at + 1, lines.indexOf('', at)).filter((line) => /^ {2}\S/.test(line));
  t.strictSame([...new Set(words.map((line) => line.trim().split(' ')[0]))], ['weaker', 'gone', 'unchanged', 'fixed']);
  t.ok(words.some((line) => /weaker +taskmanager-rpc +tm1 .*in clear, where it was TLSv1.3/.test(line)));
});

t.test('fits 80, 100 and 140 columns with probes and a baseline, and in plain gives one record a line', async (t) => {
  for (const width of WIDTHS) {
    const lines = formatText(comparedReport(), { width }).split('\n');
    t.same(
      lines.filter((line) => displayWidth(line) > width && !COPIED.test(line)),
      [],
      `${width} columns`,
    );
  }
  const kinds = formatText(comparedReport(), { layout: 'plain' })
    .split('\n')
    .map((line) => line.split('\t')[0]);
  for (const kind of ['input', 'endpoint', 'finding', 'change', 'fixed', 'summary']) t.ok(kinds.includes(kind), kind);
});
