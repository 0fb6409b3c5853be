import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { MAX_OBSERVATIONS } from '../../../src/daemon/store/runs.ts';
import { openStore } from '../../../src/daemon/store/store.ts';
import type { Store, StoreSighting, StoresRead } from '../../../src/daemon/types.ts';
import type { Observation } from '../../../src/model/report.ts';
import { tlsDetails } from '../../support/sample-report.ts';
import { temporary } from '../../support/temporary.ts';
import { accused, asked, numbered, reportOf, runId, runOf, timeOf, unanswered } from '../cluster-report.ts';
import { faultOf } from './fault-of.ts';

function opened(file = path.join(temporary(), 'state', 'history.db')): Store {
  const store = openStore({ path: file });
  t.teardown(() => store.close());
  return store;
}

const settings = { resolveAfter: 1 };

t.test('a run comes back as it was kept, also after the file was closed and opened again', (t) => {
  const store = opened();
  const run = runOf(1, { findings: [accused('tm-1')], observations: [asked('tm-1'), asked('tm-2')] });
  store.commit(run, settings);
  t.equal(JSON.stringify(store.report(run.id)), JSON.stringify(run.report));
  store.close();
  const again = opened(store.path);
  t.equal(JSON.stringify(again.report(run.id)), JSON.stringify(run.report));
  t.strictSame(again.last('prod'), run);
  t.equal(again.last('other'), undefined);
  t.equal(again.report('nobody'), undefined);
  t.end();
});

t.test('the file and its folder are for the owner alone, and one file is left when it is closed', (t) => {
  const store = opened();
  store.commit(runOf(1), settings);
  const home = path.dirname(store.path);
  t.equal(statSync(home).mode & 0o777, 0o700);
  for (const name of readdirSync(home)) t.equal(statSync(path.join(home, name)).mode & 0o777, 0o600, name);
  t.ok(existsSync(`${store.path}-wal`), 'a log while it is open');
  store.close();
  t.strictSame(readdirSync(home).sort(), ['history.db', 'history.db.lock']);
  t.end();
});

t.test('summaries count what is open by severity, and come newest first, in pages', (t) => {
  const store = opened();
  const waived = { id: 'w', until: '2099-01-01', owner: 'me', reason: 'so' };
  for (let number = 1; number <= 5; number += 1) {
    const findings = [
      accused('tm-1'),
      accused('tm-2', { severity: 'low' }),
      accused('tm-3', { verdict: 'inconclusive' }),
      accused('tm-4', { waived }),
    ];
    store.commit(runOf(number, { findings, trigger: 'restart' }), settings);
  }
  const page = store.runs('prod', { limit: 2 });
  t.strictSame(page[0], {
    id: runId(5),
    cluster: 'prod',
    trigger: 'restart',
    startedAt: timeOf(5),
    finishedAt: '2026-11-22T12:05:04.321Z',
    verdict: 'fail',
    complete: true,
    failed: { critical: 1, high: 0, medium: 0, low: 1, info: 0 },
    inconclusive: 1,
    waived: 1,
  });
  const ids = (before?: string): string[] =>
    store.runs(undefined, before === undefined ? { limit: 2 } : { limit: 2, before }).map(({ id }) => id);
  t.strictSame(ids(), [runId(5), runId(4)]);
  t.strictSame(ids(runId(4)), [runId(3), runId(2)]);
  t.strictSame(ids(timeOf(2)), [runId(1)], 'or behind a time');
  t.strictSame(store.runs('nobody', { limit: 9 }), []);
  t.end();
});

t.test('the last good run is complete and passed', (t) => {
  const store = opened();
  store.commit(runOf(1), settings);
  store.commit(runOf(2, { change: { complete: false } }), settings);
  store.commit(runOf(3, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(4, { change: { verdict: 'inconclusive' } }), settings);
  t.equal(store.lastGood('prod')?.id, runId(1));
  t.equal(store.last('prod')?.id, runId(4));
  t.end();
});

t.test('the same run is kept once', (t) => {
  const store = opened();
  t.equal(store.commit(runOf(1, { findings: [accused('tm-1')] }), settings).transitions.length, 1);
  t.strictSame(store.commit(runOf(1, { findings: [accused('tm-1')] }), settings), { transitions: [], happenings: [] });
  t.equal(store.runs('prod', { limit: 9 }).length, 1);
  t.end();
});

t.test('findings remember when they were seen, how often they were opened and when they were resolved', (t) => {
  const store = opened();
  store.commit(runOf(1, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(2, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(3), settings);
  const [record] = store.findings({ cluster: 'prod' });
  t.equal(record?.firstSeenAt, '2026-11-22T12:01:04.321Z');
  t.equal(record?.lastSeenAt, '2026-11-22T12:02:04.321Z');
  t.equal(record?.resolvedAt, '2026-11-22T12:03:04.321Z');
  t.equal(record?.lastRun, runId(2));
  t.equal(record?.finding.change, 'fixed');
  t.equal(record?.finding.firstSeen, '2026-11-22T12:01:04.321Z');
  t.strictSame(store.findings({ state: 'open' }), []);
  t.equal(store.findings({ state: 'resolved', severity: ['critical'], channel: 'taskmanager-data' }).length, 1);
  t.equal(store.findings({ severity: ['low'] }).length, 0);
  store.commit(runOf(4, { findings: [accused('tm-1')] }), settings);
  t.match(store.findings({})[0], { openings: 2, resolvedAt: undefined });
  t.strictSame(
    store.transitions('prod', { limit: 9 }).map(({ kind }) => kind),
    ['reopened', 'resolved', 'opened'],
    'what only went on is not listed',
  );
  t.end();
});

t.test('certificates are known by place, and gone when their place shows others', (t) => {
  const store = opened();
  const serving = (number: number): ReturnType<typeof tlsDetails> =>
    tlsDetails({
      serverCertificate: { seen: 'present', truncated: false, chain: [numbered(number), numbered(100)] },
      clientCertificate: { seen: 'absent' },
    });
  const both = (first: number): ReturnType<typeof asked>[] => [
    asked('tm-1', { tls: serving(first) }),
    asked('tm-2', { tls: serving(1) }),
  ];
  store.commit(runOf(1, { observations: both(1) }), settings);
  t.equal(store.certificates('prod').length, 4, 'leaf and authority of two members');
  store.commit(runOf(2, { observations: [unanswered('tm-1')] }), settings);
  t.equal(store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined).length, 0, 'nobody looked');
  store.commit(runOf(3, { observations: both(2) }), settings);
  const gone = store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined);
  t.match(gone, [
    { member: 'tm-1', role: 'leaf', certificate: { subject: 'CN=number 1' }, goneAt: '2026-11-22T12:03:04.321Z' },
  ]);
  t.equal(store.certificates(undefined).length, 5);
  store.commit(runOf(4, { observations: both(1) }), settings);
  t.match(
    store.certificates('prod').filter(({ goneAt }) => goneAt !== undefined),
    [{ certificate: { subject: 'CN=number 2' } }],
  );
  t.end();
});

/** Runs that show this member's data plane with these leaves; `clear`: without TLS; `nothing`: nobody looked. */
function leafTexts(shows: readonly (readonly number[] | 'clear' | 'nothing')[]): readonly string[] {
  const store = opened();
  const told: string[] = [];
  for (const [index, leaves] of shows.entries()) {
    const observation =
      leaves === 'nothing'
        ? unanswered('tm-1')
        : leaves === 'clear'
          ? clear('tm-1')
          : asked('tm-1', {
              tls: tlsDetails({
                serverCertificate: { seen: 'present', truncated: false, chain: [numbered(leaves[0]!), numbered(100)] },
                clientCertificate: { seen: 'absent' },
                alternativeChains: leaves
                  .slice(1)
                  .map((leaf) => ({ versions: ['TLSv1.2'], keyType: 'ec', chain: [numbered(leaf)] })),
              }),
            });
    const { happenings } = store.commit(runOf(index + 1, { observations: [observation] }), settings);
    told.push(...happenings.map(({ kind, member, text }) => `${index + 1} ${kind} ${member} ${text}`));
  }
  const kept = store.happenings('prod', { limit: 99 }).map(({ text }) => text);
  t.strictSame(
    kept.toReversed(),
    told.map((one) => one.replace(/^\d+ \S+ \S+ /, '')),
    'all of it is kept with the run',
  );
  return told;
}

function clear(member: string): Observation {
  const { tls: _, ...rest } = asked(member);
  return { ...rest, kind: 'plaintext' };
}

const changed = (run: number, before: number, after: number): RegExp =>
  new RegExp(
    `^${run} certificate-changed tm-1 tm-1 serves another certificate on taskmanager-data: CN=number ${after} \\(SHA-256 .*, until .*\\); before: CN=number ${before} \\(`,
  );

t.test('another leaf than the one before is told with the run, once, and only when it was seen', (t) => {
  t.strictSame(leafTexts([[1], [1]]), [], 'the first is no change');
  t.match(leafTexts([[1], [2], [2]]), [changed(2, 1, 2)]);
  t.match(leafTexts([[1], 'nothing', [2]]), [changed(3, 1, 2)], 'nobody looked meanwhile');
  t.match(leafTexts([[1], 'clear', [2]]), [changed(3, 1, 2)], 'TLS was off meanwhile');
  t.strictSame(leafTexts([[1], 'clear', [1]]), [], 'and came back as it was');
  t.strictSame(leafTexts([[1], [1, 2]]), [], 'another one beside it');
  t.match(leafTexts([[1, 2], [2]]), [changed(2, 1, 2)], 'of two, one is left');
  t.match(leafTexts([[1], [2], [1]]), [changed(2, 1, 2), changed(3, 2, 1)], 'back again');
  t.end();
});

t.test('a certificate that changed on several channels of a member is one happening', (t) => {
  const store = opened();
  const serving = (leaf: number): Observation[] => {
    const tls = tlsDetails({
      serverCertificate: { seen: 'present', truncated: false, chain: [numbered(leaf)] },
      clientCertificate: { seen: 'absent' },
    });
    return [asked('tm-1', { tls }), asked('tm-1', { tls, channel: 'taskmanager-rpc' }), asked('tm-2', { tls })];
  };
  store.commit(runOf(1, { observations: serving(1) }), settings);
  const { happenings } = store.commit(runOf(2, { observations: serving(2) }), settings);
  t.match(
    happenings.map(({ text }) => text),
    [/^tm-1 .* on taskmanager-data, taskmanager-rpc: CN=number 2/, /^tm-2 .* on taskmanager-data: /],
  );
  t.strictSame(store.commit(runOf(2, { observations: serving(2) }), settings).happenings, [], 'said once');
  t.end();
});

t.test('happenings come newest first, and a page never parts those of one moment', (t) => {
  const store = opened();
  for (const [at, text] of [
    [1, 'a'],
    [2, 'b'],
    [2, 'c'],
    [2, 'd'],
    [3, 'e'],
  ] as const) {
    store.note({ cluster: 'prod', kind: 'restart', at: timeOf(at), member: 'tm-1', text });
  }
  store.note({ cluster: null, kind: 'daemon-started', at: timeOf(0), text: 'up' });
  const first = store.happenings('prod', { limit: 2 });
  t.strictSame(
    first.map(({ text }) => text),
    ['e', 'd', 'c', 'b'],
  );
  t.strictSame(
    store.happenings('prod', { limit: 2, before: first.at(-1)!.at }).map(({ text }) => text),
    ['a'],
  );
  t.strictSame(store.happenings(undefined, { limit: 99 }).at(-1), {
    cluster: null,
    kind: 'daemon-started',
    at: timeOf(0),
    text: 'up',
  });
  t.end();
});

t.test('the outbox keeps messages until they are delivered, and small values, over a restart', (t) => {
  const store = opened();
  store.outbox.add('pager', 'one', timeOf(0));
  store.outbox.add('mail', 'two', timeOf(5));
  store.memory.remember('group', 'then');
  store.memory.remember('group', 'now');
  store.close();
  const { outbox, memory } = opened(store.path);
  t.equal(outbox.size(), 2);
  const [message, ...more] = outbox.due(timeOf(1), 10);
  t.strictSame(more, []);
  t.strictSame(message, {
    id: 1,
    sink: 'pager',
    createdAt: timeOf(0),
    attempts: 0,
    nextAttemptAt: timeOf(0),
    body: 'one',
  });
  outbox.failed(1, timeOf(3));
  t.strictSame(outbox.due(timeOf(2), 10), []);
  t.match(outbox.due(timeOf(9), 10), [{ id: 1, attempts: 1 }, { id: 2 }]);
  outbox.delivered(1);
  t.equal(outbox.size(), 1);
  t.equal(memory.recall('group'), 'now');
  t.equal(memory.recall('nothing'), undefined);
  t.end();
});

t.test('of a report with too many observations those are kept that a finding cites', (t) => {
  const store = opened();
  const observations = Array.from({ length: MAX_OBSERVATIONS + 10 }, () => asked('tm-1'));
  const cited = `o${MAX_OBSERVATIONS + 10}`;
  const findings = [accused('tm-1', { evidence: [{ observation: cited, text: 'here' }] })];
  store.commit(runOf(1, { observations, findings }), settings);
  const report = store.report(runId(1))!;
  t.equal(report.observations.length, MAX_OBSERVATIONS);
  t.equal(report.observations.at(-1)?.id, cited);
  t.equal(store.runs('prod', { limit: 1 })[0]?.leftOut, 10);
  t.end();
});

t.test('the export has every run with its report, every finding and every happening, one a line', (t) => {
  const store = opened();
  const runs = Array.from({ length: 40 }, (_, number) =>
    runOf(number, { findings: [accused('tm-1', { message: 'a\u2028b' })] }),
  );
  for (const run of runs) store.commit(run, settings);
  store.note({ cluster: 'prod', kind: 'reload', at: timeOf(1), text: 'read' });
  const lines = [...store.exportLines()];
  t.notOk(lines.some((line) => /[\n\u2028]/.test(line)));
  const records = lines.map((line) => JSON.parse(line) as { record: string; id?: string; report?: unknown });
  t.strictSame(
    records.map(({ record }) => record),
    [...runs.map(() => 'run'), 'finding', 'happening'],
  );
  t.strictSame(records[39]?.report, JSON.parse(JSON.stringify(runs[39]?.report)));
  t.end();
});

t.test('a clock that is set back mixes up neither what is last nor the pages', (t) => {
  const store = opened();
  store.commit(runOf(100, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(2, { findings: [accused('tm-1')] }), settings);
  t.equal(store.last('prod')?.id, runId(2));
  t.strictSame(
    store.runs('prod', { limit: 1, before: runId(2) }).map(({ id }) => id),
    [runId(100)],
  );
  t.equal(store.findings({})[0]?.lastSeenAt, reportOf({ at: 100 }).finishedAt, 'never younger than it was');
  t.end();
});

t.test('a store that is open is refused to others by name, and free again once it is closed', (t) => {
  const store = opened();
  t.match(
    faultOf(() => opened(store.path)),
    /^locked: .*another flinkprobe daemon.*uses it/,
  );
  store.close();
  t.equal(
    faultOf(() => opened(store.path)),
    'no failure',
  );
  t.match(
    faultOf(() => store.runs(undefined, { limit: 1 })),
    /^failed: .*closed/,
  );
  t.end();
});

t.test('a file that is moved away is missed at once, and used on when it is back', (t) => {
  const store = opened();
  renameSync(store.path, `${store.path}.elsewhere`);
  t.match(
    faultOf(() => store.commit(runOf(1), settings)),
    /^gone: .*removed or replaced/,
  );
  writeFileSync(store.path, '');
  t.match(
    faultOf(() => store.runs(undefined, { limit: 1 })),
    /^gone/,
    'another file is not this one',
  );
  renameSync(`${store.path}.elsewhere`, store.path);
  store.commit(runOf(1), settings);
  t.equal(store.runs(undefined, { limit: 9 }).length, 1);
  t.end();
});

t.test('a value that libsql cannot take is refused before it ends the process', (t) => {
  const store = opened();
  t.throws(() => store.outbox.delivered(true as unknown as number), /boolean cannot be stored/);
  t.end();
});

t.test('certificates of key stores are kept by file and endpoint, and gone when the file holds others', (t) => {
  const store = opened();
  const sighting = (number: number, member: string): StoreSighting => ({
    path: '/ssl/internal.p12',
    channel: 'taskmanager-data',
    member,
    endpoint: { host: member, port: 6121, member },
    certificates: [{ role: 'keystore', certificate: numbered(number) }],
  });
  const keep = (number: number, stores?: StoresRead): void => {
    store.commit({ ...runOf(number), ...(stores === undefined ? {} : { stores }) }, settings);
  };
  const there = (): string[] =>
    store
      .certificates('prod')
      .filter(({ source, goneAt }) => source === 'disk' && goneAt === undefined)
      .map(({ member, certificate }) => `${member} ${certificate.subject}`)
      .sort();
  const paths = ['/ssl/internal.p12'];
  keep(1, { paths, sightings: [sighting(7, 'tm-1'), sighting(7, 'tm-2')] });
  t.strictSame(there(), ['tm-1 CN=number 7', 'tm-2 CN=number 7'], 'one file of two processes is told of both');
  t.match(store.certificates('prod').filter(({ source }) => source === 'disk')[0], {
    ...{ role: 'keystore', channel: 'taskmanager-data', path: '/ssl/internal.p12' },
    endpoint: { port: 6121 },
  });
  keep(2);
  t.equal(there().length, 2, 'a run that read no disk changes nothing');
  keep(3, { paths, sightings: [sighting(8, 'tm-1')] });
  t.strictSame(there(), ['tm-1 CN=number 8', 'tm-2 CN=number 7'], 'nor does one that did not see the process');
  keep(4, { paths, sightings: [] });
  t.equal(there().length, 2, 'nor one that was not able to read the file');
  keep(5, { paths: [], sightings: [] });
  t.strictSame(there(), [], 'a file that nothing names any more is no longer of the cluster');
  t.equal(store.run(runId(5))?.stores, undefined, 'the run itself is kept as it was');
  t.end();
});
