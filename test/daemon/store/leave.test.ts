import t from 'tap';
import { accused, runOf, timeOf } from '../cluster-report.ts';
import { opened } from './opened.ts';

t.test('what is open of a cluster that left is resolved, and its certificates are gone; others stay', (t) => {
  const store = opened(t);
  const settings = { resolveAfter: 1 };
  for (const [index, cluster] of ['prod', 'old', 'quiet'].entries()) {
    const findings = cluster === 'quiet' ? [] : [accused('tm-1'), accused('tm-2')];
    store.commit(runOf(index + 1, { cluster, findings }), settings);
  }
  t.strictSame(store.leave(['prod'], timeOf(60)), [{ cluster: 'old', findings: 2 }]);
  t.strictSame(new Set(store.findings({ state: 'open' }).map(({ cluster }) => cluster)), new Set(['prod']));
  t.match(store.findings({ cluster: 'old' }), [{ resolvedAt: timeOf(60) }, { resolvedAt: timeOf(60) }]);
  t.match(store.transitions('old', { limit: 2 }), [{ kind: 'resolved' }, { kind: 'resolved' }]);
  const there = store.certificates(undefined).filter(({ goneAt }) => goneAt === undefined);
  t.strictSame(new Set(there.map(({ cluster }) => cluster)), new Set(['prod']));
  t.strictSame(store.leave(['prod'], timeOf(61)), [], 'once');

  const back = store.commit(runOf(90, { cluster: 'old', findings: [accused('tm-1')] }), settings);
  t.match(back.transitions, [{ kind: 'reopened' }], 'it comes back with what it is told of');
  t.match(store.findings({ cluster: 'old', state: 'open' }), [{ openings: 2 }]);
  t.end();
});
