import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { MAX_OBSERVATIONS } from '../../../src/daemon/store/runs.ts';
import { accused, asked, reportOf, runId, runOf, timeOf } from '../cluster-report.ts';
import { faultOf } from './fault-of.ts';
import { opened } from './opened.ts';

const settings = { resolveAfter: 1 };

t.test('a run comes back as it was kept, also after the file was closed and opened again', (t) => {
  const store = opened(t);
  const run = runOf(1, { findings: [accused('tm-1')], observations: [asked('tm-1'), asked('tm-2')] });
  store.commit(run, settings);
  t.equal(JSON.stringify(store.report(run.id)), JSON.stringify(run.report));
  store.close();
  const again = opened(t, store.path);
  t.equal(JSON.stringify(again.report(run.id)), JSON.stringify(run.report));
  t.strictSame(again.last('prod'), run);
  t.equal(again.last('other'), undefined);
  t.equal(again.report('nobody'), undefined);
  t.end();
});

t.test('the file and its folder are for the owner alone, and one file is left when it is closed', (t) => {
  const store = opened(t);
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
  const store = opened(t);
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
  const store = opened(t);
  store.commit(runOf(1), settings);
  store.commit(runOf(2, { change: { complete: false } }), settings);
  store.commit(runOf(3, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(4, { change: { verdict: 'inconclusive' } }), settings);
  t.equal(store.lastGood('prod')?.id, runId(1));
  t.equal(store.last('prod')?.id, runId(4));
  t.end();
});

t.test('the same run is kept once', (t) => {
  const store = opened(t);
  t.equal(store.commit(runOf(1, { findings: [accused('tm-1')] }), settings).transitions.length, 1);
  t.strictSame(store.commit(runOf(1, { findings: [accused('tm-1')] }), settings), { transitions: [], happenings: [] });
  t.equal(store.runs('prod', { limit: 9 }).length, 1);
  t.end();
});

t.test('findings remember when they were seen, how often they were opened and when they were resolved', (t) => {
  const store = opened(t);
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

t.test('happenings come newest first, and a page never parts those of one moment', (t) => {
  const store = opened(t);
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
  const store = opened(t);
  store.outbox.add('pager', 'one', timeOf(0));
  store.outbox.add('mail', 'two', timeOf(5));
  store.memory.remember('group', 'then');
  store.memory.remember('group', 'now');
  store.close();
  const { outbox, memory } = opened(t, store.path);
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
  const store = opened(t);
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
  const store = opened(t);
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
  const store = opened(t);
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
  const store = opened(t);
  t.match(
    faultOf(() => opened(t, store.path)),
    /^locked: .*another flinkprobe daemon.*uses it/,
  );
  store.close();
  t.equal(
    faultOf(() => opened(t, store.path)),
    'no failure',
  );
  t.match(
    faultOf(() => store.runs(undefined, { limit: 1 })),
    /^failed: .*closed/,
  );
  t.end();
});

t.test('a file that is moved away is missed at once, and used on when it is back', (t) => {
  const store = opened(t);
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
  const store = opened(t);
  t.throws(() => store.outbox.delivered(true as unknown as number), /boolean cannot be stored/);
  t.end();
});
