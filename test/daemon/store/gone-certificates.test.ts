import t from 'tap';
import type { Store, Trigger } from '../../../src/daemon/types.ts';
import type { Observation, Report } from '../../../src/model/report.ts';
import { tlsDetails } from '../../support/sample-report.ts';
import { asked, numbered, runOf } from '../cluster-report.ts';
import { opened } from './opened.ts';

const DAY = 24 * 60;

const serving = (member: string, number: number): Observation =>
  asked(member, {
    tls: tlsDetails({ serverCertificate: { seen: 'present', chain: [numbered(number)], truncated: false } }),
  });

const listed = (...members: readonly string[]): Pick<Report, 'processes'> => ({
  processes: members.map((member) => ({ component: 'taskmanager', member, source: 'rest', identity: `${member}-1` })),
});

/** A run `at` these minutes in which REST lists `members`, and each serves its own certificate. */
function commit(
  store: Store,
  at: number,
  members: readonly string[],
  rest: Partial<Report> = listed(...members),
  trigger: Trigger = 'restart',
): void {
  const observations = members.map((member) => serving(member, Number(/\d+$/.exec(member)![0])));
  store.commit(runOf(at + 1, { at, trigger, observations, change: rest }), { resolveAfter: 1 });
}

const there = (store: Store): (string | undefined)[] =>
  store
    .certificates('prod')
    .filter(({ goneAt }) => goneAt === undefined)
    .map(({ member }) => member)
    .sort();

t.test('certificates of a TaskManager that REST lists no more are gone when it had its time to come back', (t) => {
  const store = opened(t);
  commit(store, 0, ['tm-1', 'tm-2']);
  commit(store, 5, ['tm-1']);
  t.strictSame(there(store), ['tm-1', 'tm-2'], 'it may still have to register');
  commit(store, 11, ['tm-1'], { ...listed('tm-1'), complete: false });
  t.strictSame(there(store), ['tm-1', 'tm-2'], 'a run that was interrupted says nothing');
  commit(store, 12, ['tm-1'], {});
  t.strictSame(there(store), ['tm-1', 'tm-2'], 'nobody was asked who is registered');
  commit(store, 13, ['tm-1']);
  t.strictSame(there(store), ['tm-1']);
  commit(store, 14, ['tm-1', 'tm-2']);
  t.strictSame(there(store), ['tm-1', 'tm-2'], 'it came back');
  t.end();
});

t.test('without REST they are gone after a week in which nothing was heard of the process', (t) => {
  const store = opened(t);
  commit(store, 0, ['tm-1', 'tm-2'], {});
  const heard: Observation = asked('tm-2', {
    tls: tlsDetails({ serverCertificate: { seen: 'hidden', because: 'encrypted' } }),
  });
  const silent = runOf(99, { at: 8 * DAY, observations: [serving('tm-1', 1), heard] });
  store.commit(silent, { resolveAfter: 1 });
  t.strictSame(there(store), ['tm-1', 'tm-2'], 'it lives, and its certificate was not seen');
  commit(store, 8 * DAY + 5, ['tm-1'], {});
  t.strictSame(there(store), ['tm-1']);
  t.end();
});

t.test('pods that come back under other names leave nothing behind', (t) => {
  const store = opened(t);
  for (let generation = 0; generation < 30; generation += 1) {
    commit(
      store,
      generation * 60,
      Array.from({ length: 4 }, (_, index) => `app-taskmanager-${generation}-${generation * 10 + index}`),
    );
  }
  t.equal(there(store).length, 4);
  const kept = { passingMs: 60_000, failingMs: 60_000, bytes: 1e12 };
  const now = new Date(Date.parse('2026-12-31T00:00:00Z')).toISOString();
  do store.retain(kept, now);
  while (store.moreToRetain);
  t.equal(store.certificates('prod').length, 4, 'those that are gone are deleted when their time is over');
  t.end();
});
