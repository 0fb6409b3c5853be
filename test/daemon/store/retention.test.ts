import { statSync } from 'node:fs';
import t from 'tap';
import { connect } from '../../../src/daemon/store/database.ts';
import type { Retention, Run, Store } from '../../../src/daemon/types.ts';
import { tlsDetails } from '../../support/sample-report.ts';
import { accused, asked, MINUTE, numbered, runId, runOf, timeOf } from '../cluster-report.ts';
import { opened } from './opened.ts';

const settings = { resolveAfter: 1 };
const PLENTY = 1e12;

/** Slices until there is no more to do. Returns runs deleted, and the most processor time of one slice, milliseconds. */
function retainAll(store: Store, retention: Retention, minutes: number): { deleted: number; longest: number } {
  let deleted = 0;
  let longest = 0;
  for (let slices = 0; slices < 10_000; slices += 1) {
    const start = process.cpuUsage();
    deleted += store.retain(retention, timeOf(minutes));
    const { user, system } = process.cpuUsage(start);
    longest = Math.max(longest, (user + system) / 1000);
    if (!store.moreToRetain) return { deleted, longest };
  }
  throw new Error('it never ends');
}

function ids(store: Store, cluster = 'prod'): string[] {
  return store
    .runs(cluster, { limit: 10_000 })
    .map(({ id }) => id)
    .reverse();
}

const numbers = (...all: readonly number[]): string[] => all.map(runId);

t.test('passing runs are deleted by their age, failing ones later', (t) => {
  const store = opened(t);
  const other = (number: number): Run => runOf(number, { findings: [accused('tm-1')] });
  // The finding of the last runs keeps run 2, its first, and run 6, its last.
  for (const run of [
    runOf(1),
    other(2),
    other(3),
    runOf(4),
    runOf(5, { change: { verdict: 'inconclusive' } }),
    other(6),
    runOf(7),
    runOf(8),
  ]) {
    store.commit(run, { resolveAfter: 99 });
  }
  const retention = { passingMs: 2 * MINUTE, failingMs: 10 * MINUTE, bytes: PLENTY };
  t.equal(retainAll(store, retention, 9).deleted, 2);
  t.strictSame(ids(store), numbers(2, 3, 5, 6, 7, 8));
  t.equal(retainAll(store, retention, 14).deleted, 2);
  t.strictSame(ids(store), numbers(2, 5, 6, 8), '3 and 7 are too old; the last good one is not');
  t.equal(retainAll(store, retention, 99).deleted, 1);
  t.strictSame(ids(store), numbers(2, 6, 8), 'the finding is still open');
  t.end();
});

t.test('a machine on which every step takes all of the time ends all the same, in small slices', (t) => {
  const store = opened(t);
  for (let number = 1; number <= 60; number += 1) {
    store.commit(runOf(number, number % 3 === 0 ? { findings: [accused('tm-1')] } : {}), settings);
  }
  const { now } = performance;
  t.teardown(() => {
    performance.now = now;
  });
  let time = 0;
  performance.now = () => {
    time += 1000;
    return time;
  };
  const retention = { passingMs: MINUTE, failingMs: MINUTE, bytes: PLENTY };
  const each: number[] = [];
  do each.push(store.retain(retention, timeOf(1000)));
  while (store.moreToRetain && each.length < 1000);
  t.ok(each.every((runs) => runs <= 1));
  const left = ids(store);
  // The last one of all, which tells the finding, its first one before it was last opened, and the last good one.
  t.ok(left.length <= 3, left.join(' '));
  t.ok(left.includes(runId(60)) && left.includes(runId(59)));
  t.notOk(store.moreToRetain);
  t.end();
});

t.test('the first and the last run of a finding stay until it is resolved for long enough', (t) => {
  const store = opened(t);
  for (let number = 1; number <= 5; number += 1) store.commit(runOf(number, { findings: [accused('tm-1')] }), settings);
  store.commit(runOf(6), settings);
  const retention = { passingMs: 2 * MINUTE, failingMs: 5 * MINUTE, bytes: PLENTY };
  retainAll(store, retention, 11);
  t.strictSame(ids(store), numbers(1, 5, 6));
  t.equal(store.findings({}).length, 1);
  retainAll(store, retention, 12);
  t.strictSame(ids(store), numbers(6));
  t.strictSame(store.findings({}), []);
  t.strictSame(store.transitions(undefined, { limit: 9 }), []);
  t.end();
});

t.test('of each cluster the last and the last good run stay, whatever their age and size', (t) => {
  const store = opened(t);
  for (const cluster of ['a', 'b']) {
    const base = cluster === 'a' ? 0 : 100;
    for (let number = 1; number <= 4; number += 1) {
      const change = number < 4 ? {} : ({ verdict: 'inconclusive' } as const);
      store.commit({ ...runOf(base + number, { change }), cluster }, settings);
    }
  }
  retainAll(store, { passingMs: 1, failingMs: 1, bytes: 1 }, 1000);
  t.strictSame(ids(store, 'a'), numbers(3, 4));
  t.strictSame(ids(store, 'b'), numbers(103, 104));
  t.equal(store.lastGood('a')?.id, runId(3));
  t.strictSame(store.last('b'), { ...runOf(104, { change: { verdict: 'inconclusive' } }), cluster: 'b' });
  t.end();
});

/** A run with nothing in common with any other. */
function bulky(number: number): Run {
  const observations = Array.from({ length: 10 }, (_, index) => {
    const chain = Array.from({ length: 3 }, (__, depth) => numbered(number * 1000 + index * 10 + depth));
    return asked(`tm-${index}`, {
      tls: tlsDetails({ serverCertificate: { seen: 'present', truncated: false, chain } }),
    });
  });
  return runOf(number, { observations });
}

t.test('a store that grew beyond its size loses its oldest runs, and the file shrinks', (t) => {
  const store = opened(t);
  for (let number = 1; number <= 120; number += 1) store.commit(bulky(number), settings);
  const before = store.size();
  const bytes = Math.floor(before / 3);
  const retention = { passingMs: PLENTY, failingMs: PLENTY, bytes };
  const { deleted, longest } = retainAll(store, retention, 121);
  const left = ids(store);
  t.equal(left.length, 120 - deleted);
  t.strictSame(
    left,
    numbers(...Array.from({ length: left.length }, (_, index) => 120 - left.length + 1 + index)),
    'the newest',
  );
  t.ok(left.length > 10, `${left.length} left`);
  t.ok(statSync(store.path).size <= bytes * 1.1, `${statSync(store.path).size} of ${before} bytes`);
  t.ok(longest < 250, `one slice took ${Math.round(longest)} ms`);
  t.strictSame(store.last('prod'), bulky(120));
  t.equal(retainAll(store, retention, 121).deleted, 0);
  t.end();
});

t.test('nothing is left of what was deleted', (t) => {
  const store = opened(t);
  for (let number = 1; number <= 20; number += 1) store.commit(bulky(number), settings);
  store.note({ cluster: 'prod', kind: 'reload', at: timeOf(1), text: 'read' });
  retainAll(store, { passingMs: 1, failingMs: 1, bytes: PLENTY }, 1000);
  store.close();
  const database = connect(store.path);
  const counts = ['runs', 'shapes', 'parts', 'shape_parts', 'happenings', 'certificates', 'certificate_texts'].map(
    (table) => [table, database.number(`SELECT count(*) FROM ${table}`)],
  );
  database.close();
  t.strictSame(Object.fromEntries(counts), {
    runs: 1,
    shapes: 1,
    // Ten observations and four lists: inputs, and those that are empty or absent, of which two are alike.
    parts: 13,
    shape_parts: 13,
    happenings: 0,
    // Of one run's places: what the others served is gone.
    certificates: 30,
    certificate_texts: 30,
  });
  t.end();
});

t.test('a clock that is wrong for a moment deletes nothing that matters', (t) => {
  const store = opened(t);
  for (let number = 1; number <= 5; number += 1) store.commit(runOf(number, { findings: [accused('tm-1')] }), settings);
  store.retain({ passingMs: MINUTE, failingMs: MINUTE, bytes: PLENTY }, '1970-01-01T00:00:00.000Z');
  t.equal(ids(store).length, 5, 'set back');
  store.retain({ passingMs: MINUTE, failingMs: MINUTE, bytes: PLENTY }, '2099-01-01T00:00:00.000Z');
  t.strictSame(ids(store), numbers(1, 5), 'set forward');
  t.equal(store.findings({ state: 'open' }).length, 1);
  t.end();
});

t.test('the last good run stays, however many live runs passed after it', (t) => {
  const store = opened(t);
  const fails = { verdict: 'fail' } as const;
  for (const run of [
    runOf(1),
    runOf(2, { change: fails }),
    runOf(3, { trigger: 'live' }),
    runOf(4, { change: fails }),
  ]) {
    store.commit(run, settings);
  }
  t.equal(store.lastGood('prod')?.id, runId(1), 'what the wire alone showed is nothing to compare with');
  retainAll(store, { passingMs: MINUTE, failingMs: PLENTY, bytes: PLENTY }, 24 * 60);
  t.strictSame(ids(store), numbers(1, 2, 4));
  t.equal(store.lastGood('prod')?.id, runId(1));
  t.end();
});
