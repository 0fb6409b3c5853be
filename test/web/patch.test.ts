import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import type { LiveData, LiveEvent, LiveEventName } from '../../src/daemon/live-events.ts';
import type { RunSummary } from '../../src/daemon/types.ts';
import { yamlOf } from '../../src/web/findings-list.ts';
import { patched } from '../../src/web/patch.ts';
import { pageAddress, parseQuery } from '../../src/web/query.ts';
import { ago, bytes, commonName, count, daysUntil, moment, span } from '../../src/web/words.ts';
import { AT, calmCluster, calmModel, NO_FINDINGS } from './models.ts';

const { lastRun: _, ...cluster } = calmCluster();
const model = calmModel({ cells: [] }, [cluster, { ...cluster, cluster: 'b' }]);

function event(name: LiveEventName, data: object, seq = 11): LiveEvent {
  return { seq, at: AT, event: name, data: data as never };
}

const run: RunSummary = {
  id: 'r1',
  cluster: 'a',
  trigger: 'restart',
  startedAt: AT,
  finishedAt: AT,
  verdict: 'fail',
  complete: true,
  failed: { ...NO_FINDINGS, critical: 1 },
  inconclusive: 0,
  waived: 0,
};

t.test('a greeting that goes on where the page stands changes nothing; another one asks for everything', async (t) => {
  const hello = { version: '1.0.0', oldest: 1, newest: 20 };
  t.equal(patched(model, event('hello', hello, 10)).stale, 'nothing');
  t.equal(patched(model, event('hello', hello, 20)).stale, 'all');
});

t.test('a run is told while it goes on, and what it found is fetched when it ends', async (t) => {
  const begun = patched(model, event('run-started', { id: 'r1', cluster: 'a', trigger: 'restart' })).model;
  t.equal(begun.cluster?.state, 'running');
  const ended = patched(begun, event('run-finished', run, 12));
  t.equal(ended.model.cluster?.state, 'idle');
  t.equal(ended.stale, 'all');
  t.strictSame(ended.model.runs, [run]);
  const other = patched(model, event('run-finished', { ...run, cluster: 'b' }));
  t.equal(other.stale, 'nothing');
  t.strictSame(other.model.runs, []);
  t.equal(other.model.status.clusters[1]?.lastRun?.id, 'r1');
});

t.test('a finding comes, is told, is resolved, and comes back', async (t) => {
  const finding = { fingerprint: 'f1', title: 'Clear', severity: 'critical', verdict: 'fail', waived: null };
  const told = (kind: string, cluster = 'a'): LiveEvent =>
    event('finding', { cluster, at: AT, kind, finding, firstSeenAt: AT });
  const opened = patched(model, told('opened'));
  t.equal(opened.news, 'opened: Clear');
  t.equal(opened.model.findings.length, 1);
  t.equal(opened.model.findings[0]?.openings, 1);
  const still = patched(opened.model, told('still'));
  t.equal(still.news, undefined);
  t.equal(still.model.findings.length, 1);
  const resolved = patched(still.model, told('resolved'));
  t.equal(resolved.model.findings[0]?.resolvedAt, AT);
  const again = patched(resolved.model, told('reopened'));
  t.equal(again.model.findings[0]?.resolvedAt, undefined);
  t.equal(again.model.findings[0]?.openings, 2);
  t.strictSame(patched(model, told('opened', 'b')).model.findings, [], 'nothing of another cluster');
});

t.test('cells, happenings, the wire and clear transfers go where they belong', async (t) => {
  const cell = { cluster: 'a', channel: 'rest', member: 'jm', verdict: 'pass', findings: [] };
  const once = patched(model, event('channel', cell)).model;
  const twice = patched(once, event('channel', { ...cell, verdict: 'fail' })).model;
  t.strictSame(
    twice.cells.map(({ verdict }) => verdict),
    ['fail'],
  );
  const wire = {
    cluster: 'a',
    interfaces: ['lo'],
    state: 'running',
    since: AT,
    packets: 1,
    drops: 0,
    clearBytes: 1,
    tlsBytes: 2,
    connections: 1,
  };
  t.equal(patched(model, event('wire', wire)).model.cluster?.wire?.tlsBytes, 2);
  const happening = { cluster: null, kind: 'clock-jump', at: AT, text: 'x' };
  t.equal(patched(model, event('happening', happening)).model.happenings.length, 1, 'of all clusters');
  t.equal(patched(model, event('happening', { ...happening, cluster: 'b' })).model.happenings.length, 0);
  let many = model;
  const transfer = {
    cluster: 'a',
    channel: 'rest',
    server: { host: 'h', port: 1 },
    kind: 'records',
    bytes: 1,
    frame: 1,
  };
  for (let index = 0; index < 50; index += 1) many = patched(many, event('clear-transfer', transfer, index)).model;
  t.equal(many.clear.length, 20, 'no more than are listed');
});

t.test('connections of the cluster that is shown are listed, the newest first and no more than twenty', async (t) => {
  const seen = (cluster: string, frame: number): LiveData['connection'] => ({
    cluster,
    channel: 'taskmanager-data',
    server: { host: 'h', port: 6121 },
    kind: 'tls',
    version: 'TLSv1.2',
    frame,
    seenAt: '2026-11-23T01:00:00Z',
  });
  let next = patched(model, event('connection', seen('b', 0))).model;
  t.strictSame(next.connections, []);
  for (let frame = 1; frame <= 30; frame += 1) next = patched(next, event('connection', seen('a', frame), frame)).model;
  t.strictSame(
    next.connections.map(({ frame }) => frame),
    Array.from({ length: 20 }, (_, index) => 30 - index),
  );
});

t.test('an event of a later version is passed over', async (t) => {
  t.strictSame(patched(model, event('something' as LiveEventName, {})), {
    model: { ...model, seq: 11 },
    stale: 'nothing',
  });
});

t.test('what the page asks for stands in its address, and comes back from it', async (t) => {
  for (const address of [
    '/',
    '/?cluster=prod+eu',
    '/?cluster=a&status=resolved&severity=high&channel=blob-server',
    '/?finding=abc',
    '/?rows=all&since=2026-11-22T04%3A31%3A07.000Z',
    '/?cell=taskmanager-data%2Ftm%2F1',
  ])
    t.equal(pageAddress(parseQuery(new URL(address, 'http://x').searchParams)), address);
  const wrong = new URLSearchParams('status=x&severity=y&channel=z&cell=nothing&cluster=&since=yesterday&rows=some');
  t.equal(pageAddress(parseQuery(wrong)), '/');
});

t.test('the settings of a fix are YAML that says the same text', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.constantFrom('true', 'no', '0x1', '1e3', '~', '', 'a: b', '# x', 'TLSv1.2', '/a/b.jks', '-1', '007'),
      ),
      (value) => {
        const told = parse(yamlOf({ 'a.b': value })) as Record<string, unknown>;
        return String(told['a.b']) === value;
      },
    ),
  );
});

t.test('figures are told in words of people', async (t) => {
  t.equal(ago('2026-11-22T11:59:30.000Z', AT), 'just now');
  t.equal(ago('2026-11-22T11:56:00.000Z', AT), '4 min ago');
  t.equal(ago('2026-10-02T12:00:00.000Z', AT), '51 d ago');
  t.strictSame([span(4_800), span(90_000), span(7_200_000), span(47 * 3_600_000)], ['4.8 s', '2 min', '2 h', '47 h']);
  t.equal(moment('2026-11-22T04:31:07.123Z', AT), '04:31:07');
  t.equal(moment('2026-11-02T04:31:07.123Z', AT), '2 Nov 04:31');
  t.equal(moment('2025-11-02T04:31:07.123Z', AT), '2 Nov 2025');
  t.strictSame(
    [bytes(0), bytes(999), bytes(1_234), bytes(123_456), bytes(999_999), bytes(5e9)],
    ['0 B', '999 B', '1.2 kB', '123 kB', '1.0 MB', '5.0 GB'],
  );
  t.equal(count(1_234_567), '1\u2009234\u2009567');
  t.strictSame([daysUntil('2026-11-29T12:00:00Z', AT), daysUntil('2026-11-22T11:00:00Z', AT)], [7, -1]);
  t.equal(commonName('CN=a\\, b,O=x'), 'a, b');
  t.equal(commonName('O=x,CN=c'), 'c');
  t.equal(commonName('O=x'), 'O=x');
});
