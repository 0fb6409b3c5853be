import t from 'tap';
import { accused, runOf } from '../cluster-report.ts';
import { opened } from './opened.ts';

const MANY = 10_050;

t.test('however many findings are open: all are listed where all are meant, exported, and on some page', (t) => {
  const store = opened(t);
  const findings = Array.from({ length: MANY }, (_, index) => accused('tm-1', { fingerprint: `f${index}` }));
  store.commit(runOf(1, { findings }), { resolveAfter: 1 });
  const fingerprints = (all: readonly { readonly finding: { readonly fingerprint: string } }[]): number =>
    new Set(all.map(({ finding }) => finding.fingerprint)).size;
  t.equal(fingerprints(store.findings({ cluster: 'prod', state: 'open' })), MANY);
  const exported = [...store.exportLines()]
    .map((line) => JSON.parse(line))
    .filter(({ record }) => record === 'finding');
  t.equal(fingerprints(exported), MANY);
  const last = store.findings({ cluster: 'prod', state: 'open', limit: 100, skip: MANY - 50 });
  t.equal(last.length, 50, 'the last page holds the rest');
  t.strictSame(store.findings({ limit: 1 }), store.findings({ limit: 1, skip: 0 }));
  t.end();
});
