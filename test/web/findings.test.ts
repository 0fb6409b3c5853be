import { gzipSync } from 'node:zlib';
import t from 'tap';
import { chosen, grouped } from '../../src/web/findings-list.ts';
import { shortNames } from '../../src/web/names.ts';
import { AT, calmCluster, calmModel, pageText, plainText, record } from './models.ts';

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

t.test('waivers and addresses of the page lead to what they name', async (t) => {
  const one = pageText(
    calmModel({ findings: [record({ change: 'new' }), record({ fingerprint: 'old', ruleId: 'x' })] }),
    {
      query: { status: 'open', change: 'new' },
    },
  );
  t.equal([...one.matchAll(/data-group/g)].length, 1, 'those only that the last run brought');
  t.match(one, 'new ones only');
});

t.test('a page of 200 findings costs less than 25 kB compressed', async (t) => {
  const findings = Array.from({ length: 200 }, (_, index) =>
    atMember(index % 100, { ruleId: `rule-${index % 12}`, title: `Title ${index % 12}`, fingerprint: `f${index}` }),
  );
  const size = gzipSync(pageText(calmModel({ findings }, [calmCluster()]))).length;
  t.comment(`${size} bytes at ${AT}`);
  t.ok(size < 25_000, String(size));
});
