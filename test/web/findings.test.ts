import { gzipSync } from 'node:zlib';
import t from 'tap';
import { chosen, grouped } from '../../src/web/findings-list.ts';
import { incidentText } from '../../src/web/incident.ts';
import { shortNames } from '../../src/web/names.ts';
import { parseQuery } from '../../src/web/query.ts';
import { AT, calmCluster, calmModel, NO_FINDINGS, pageText, plainText, record } from './models.ts';

const PREFIX = 'flink-production-europe-west-1-taskmanager';

function atMember(index: number, more: Parameters<typeof record>[0] = {}): ReturnType<typeof record> {
  const endpoint = { host: `10.0.0.${index}`, port: 6121, member: `${PREFIX}-${index}` };
  return record({ endpoint, fingerprint: `${more.ruleId ?? 'clear'}-${index}`, ...more });
}

t.test('what is wrong with many members in one way is one row, with a link for each member', async (t) => {
  const findings = [
    ...[10, 2, 1].map((index) => atMember(index)),
    atMember(3, { ruleId: 'cbc', severity: 'medium', title: 'CBC' }),
    atMember(4, { waived: { id: 'w', until: '2026-12-31', owner: 'o', reason: 'r' } }),
  ];
  const page = pageText(calmModel({ findings }));
  t.equal([...page.matchAll(/data-group/g)].length, 2, 'the waived one is not asked for');
  t.equal([...page.matchAll(/data-finding/g)].length, 4);
  t.match(plainText(page), '…1 …2 …10');
  t.match(page, `aria-label="${PREFIX}-10"`, 'the whole name for who listens');
  const groups = grouped(chosen(findings, { status: 'all' }));
  t.strictSame(
    groups.map(({ records }) => records.length),
    [3, 1, 1],
    'waived and open ones are told apart',
  );
});

t.test('of many rows the first 50 are written, and all where they are asked for', async (t) => {
  const findings = Array.from({ length: 60 }, (_, index) =>
    record({ fingerprint: `f${index}`, ruleId: `rule-${index}`, title: `Title ${index}` }),
  );
  const rows = (page: string): number => [...page.matchAll(/data-group/g)].length;
  const page = pageText(calmModel({ findings }));
  t.equal(rows(page), 50);
  t.match(page, '<a href="/?rows=all" data-go>Show all, 10 more</a>');
  t.equal(rows(pageText(calmModel({ findings }), { query: { status: 'open', rows: 'all' } })), 60);
});

t.test('of many members the first twelve have a link, and the one that is shown', async (t) => {
  const findings = Array.from({ length: 30 }, (_, index) => atMember(index + 1));
  const query = { status: 'open', finding: 'clear-29' } as const;
  const page = pageText(calmModel({ findings }), { query });
  t.equal([...page.matchAll(/data-finding/g)].length, 13);
  t.match(page, /aria-label="[^"]*-29" aria-current="true"/);
  t.match(plainText(page), '17 more');
});

t.test('of equal findings those of the first channel come first, then members by number', async (t) => {
  const findings = [
    atMember(10),
    atMember(2),
    atMember(1, { channel: 'rest', fingerprint: 'r' }),
    atMember(9, { severity: 'high', fingerprint: 'h' }),
  ];
  const order = (those: typeof findings): string[] =>
    chosen(those, { status: 'open' }).map(({ finding }) => finding.fingerprint);
  t.strictSame(order(findings), ['r', 'clear-2', 'clear-10', 'h']);
  t.strictSame(order([...findings].reverse()), order(findings), 'whatever came first');
});

t.test('names are cut behind what all begin with, between words, and never to nothing', async (t) => {
  const told = (names: string[]): (string | undefined)[] => {
    const short = shortNames(names);
    return names.map((name) => short.get(name));
  };
  t.strictSame(told([`${PREFIX}-1`, `${PREFIX}-12`]), ['…1', '…12']);
  t.strictSame(told(['flink-production-jobmanager-1', 'flink-production-taskmanager-1']), [
    '…jobmanager-1',
    '…taskmanager-1',
  ]);
  t.strictSame(told(['tm-1', 'tm-2']), ['tm-1', 'tm-2'], 'short ones stay');
  t.strictSame(told(['production-cluster-', 'production-cluster-2']), ['production-cluster-', 'production-cluster-2']);
  t.strictSame(told(['only-one-with-a-long-name']), ['only-one-with-a-long-name']);
});

t.test('what is only a note alarms nobody', async (t) => {
  const page = pageText(calmModel({ findings: [record({ severity: 'info' })] }));
  t.match(page, '>All is well');
});

t.test('a waived fault is not called fine by its witness', async (t) => {
  const coverage = [
    {
      channel: 'taskmanager-data',
      expectedEndpoints: 1,
      seenEndpoints: 2,
      verdict: 'pass',
      witnesses: ['wire'],
      says: { wire: 'pass', handshake: 'not-heard', promise: 'not-heard', record: 'not-heard' },
    },
    { channel: 'jmx', expectedEndpoints: 0, seenEndpoints: 0, verdict: 'not-seen', witnesses: [] },
  ] as const;
  const told = (page: string): string => /Coverage.*?Heard by nobody: [^.]*\./.exec(plainText(page))?.[0] ?? page;
  t.match(
    told(pageText(calmModel({ coverage }))),
    /TM data fine not heard not heard not heard 2 Heard by nobody: JMX\./,
  );
  const waived = { id: 'w', until: '2026-12-31', owner: 'o', reason: 'r' };
  const findings = [record({ waived })];
  t.match(told(pageText(calmModel({ coverage, findings }))), 'TM data waived not heard');
});

t.test('a recording is said to be one, with its day', async (t) => {
  const recording = { from: '2026-11-20T09:12:00.000Z', to: '2026-11-20T09:14:00.000Z' };
  const page = plainText(pageText(calmModel({ recording })));
  t.match(page, 'A recording of 20 Nov 2026, 09:12 to 09:14 UTC: nobody is asked for this cluster.');
  t.notMatch(plainText(pageText(calmModel())), 'A recording');
});

t.test('members of which only others tell have their column', async (t) => {
  const page = pageText(calmModel({ members: ['jm', 'tm-1'] }));
  t.match(page, '>tm-1</span></th>');
});

t.test('what came and what went since the last restart is counted, and a click away', async (t) => {
  const restart = {
    cluster: 'a',
    kind: 'restart',
    at: '2026-11-22T11:00:00.000Z',
    member: 'tm-2',
    text: 'back',
  } as const;
  const clock = { cluster: null, kind: 'clock-jump', at: AT, text: 'a minute' } as const;
  const [before, after] = ['2026-11-22T10:00:00.000Z', '2026-11-22T11:00:01.000Z'];
  const findings = [
    record({ fingerprint: 'old' }, before),
    record({ fingerprint: 'new', ruleId: 'x' }, after),
    { ...record({ fingerprint: 'fixed' }, before), resolvedAt: after },
    { ...record({ fingerprint: 'long-fixed' }, before), resolvedAt: before },
  ];
  const model = calmModel({ findings, happenings: [clock, restart] });
  const page = pageText(model);
  t.match(plainText(page), 'Since the restart of tm-2 at 11:00:00 UTC: 1 new , 1 fixed');
  const address = '/?since=2026-11-22T11%3A00%3A00.000Z';
  t.match(page, `href="${address}"`);
  const only = pageText(model, { query: parseQuery(new URL(address, 'http://x').searchParams) });
  t.equal([...only.matchAll(/data-group/g)].length, 1);
  t.match(plainText(only), 'since 11:00:00 UTC ✕');
  t.notMatch(pageText(calmModel({ findings })), 'Since the', 'nothing happened');
});

t.test('one finding is text for an incident, whole and without what nobody knows', async (t) => {
  const whole = record({
    evidence: [{ text: 'tm-2 to tm-1', frame: 7 }, { text: 'two' }, { text: 'three' }, { text: 'four' }],
    remediation: { text: 'Turn it on.', settings: { 'a.ssl': 'true', 'b.path': '/x y' }, command: 'keytool -list' },
  });
  t.equal(
    incidentText(calmModel(), whole),
    [
      'FAIL critical: Channel in clear where TLS is expected',
      'cluster a, TM data · tm-1 · 10.0.0.2:6121',
      'It is in clear.',
      'expected: TLS',
      'observed: clear',
      'evidence: tm-2 to tm-1 (frame 7)',
      'evidence: two',
      'evidence: three',
      'fix: Turn it on.',
      '    a.ssl: true',
      '    b.path: "/x y"',
      '    keytool -list',
      `open; first seen ${AT}, last seen ${AT}; rule plaintext-channel, run r1`,
    ].join('\n'),
  );
  t.match(incidentText(calmModel(), { ...record(), resolvedAt: AT }), `resolved ${AT};`);
});

t.test('all clusters are told at a glance, worst first, the calmer ones folded', async (t) => {
  const open = { ...NO_FINDINGS, high: 2, low: 1 };
  const { lastRun: _, ...never } = calmCluster('never');
  const names = (page: string): string[] =>
    [.../<nav class="clusters".*?<\/nav>/s.exec(page)![0].matchAll(/<li>.*?<\/li>/gs)].map(([item]) =>
      plainText(item).trim(),
    );
  const clusters = [
    calmCluster('calm'),
    calmCluster('bad', { open }),
    calmCluster('blind', { problem: 'x' }),
    calmCluster('low', { open: { ...NO_FINDINGS, low: 1 } }),
    never,
    calmCluster('lax', { open: { ...NO_FINDINGS, medium: 1 }, failOn: 'high' }),
  ];
  t.strictSame(names(pageText(calmModel({}, clusters))), [
    'FAIL bad 2 high, 1 more',
    'FAIL blind run failed',
    'WARN lax 1 medium',
    'WARN low 1 low',
    'PASS calm nothing found',
    'NOT SEEN never no run yet',
  ]);
  const many = Array.from({ length: 100 }, (_, index) => calmCluster(`c${index}`));
  const page = pageText(calmModel({}, many));
  t.equal(names(page).length, 100);
  t.match(page, '<summary>88 more clusters</summary>');
  t.notMatch(pageText(calmModel({}, [calmCluster()])), 'class="clusters"', 'one is no choice');
});

t.test('who is accused as a client is not said to serve anything', async (t) => {
  const cell = { cluster: 'a', channel: 'jobmanager-rpc', member: 'tm-2', verdict: 'fail', findings: ['f1'] } as const;
  const page = pageText(calmModel({ cells: [cell] }));
  t.match(page, 'aria-label="JM RPC, tm-2, FAIL, as a client"');
  const missing = { ...cell, verdict: 'not-seen', findings: [] } as const;
  t.match(pageText(calmModel({ cells: [missing] })), 'aria-label="JM RPC, tm-2, NOT SEEN"');
});

t.test('a page of 200 findings costs less than 25 kB compressed', async (t) => {
  const findings = Array.from({ length: 200 }, (_, index) =>
    atMember(index % 100, { ruleId: `rule-${index % 12}`, title: `Title ${index % 12}`, fingerprint: `f${index}` }),
  );
  const size = gzipSync(pageText(calmModel({ findings }, [calmCluster()]))).length;
  t.comment(`${size} bytes at ${AT}`);
  t.ok(size < 25_000, String(size));
});
