import t from 'tap';
import { comparable } from '../../src/daemon/comparable.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import type { Run } from '../../src/daemon/types.ts';
import { loadProbes, loadRules } from '../../src/evaluate/directory.ts';
import { evaluate } from '../../src/evaluate/engine.ts';
import { runVerdict } from '../../src/evaluate/severity.ts';
import type { Report } from '../../src/model/report.ts';
import { temporary } from '../support/temporary.ts';
import { asked, MINUTE, reportOf, runId, START } from './cluster-report.ts';

const [rules, probes] = await Promise.all([loadRules(), loadProbes()]);
const RULE = 'gone-since-baseline';

/** A cluster that is verified again and again, as the daemon does it: real rules, a real store. */
class Cluster {
  readonly #store = openStore({ path: `${temporary()}/history.db` });
  readonly #expected: number | undefined;
  #number = 0;

  constructor(expected?: number) {
    this.#expected = expected;
  }

  /** Verdict of a run that sees these TaskManagers, at so many minutes; `else`: what the run tells besides. */
  verified(members: readonly string[], at: number, otherwise: Report['verdict'] = 'pass'): Report['verdict'] {
    this.#number += 1;
    const now = START + at * MINUTE;
    const good = this.#store.lastGood('prod');
    const told = this.#store.findings({ cluster: 'prod', state: 'all', severity: ['info'] });
    const baseline = good === undefined ? undefined : comparable(good, told, { expected: this.#expected, now }).report;
    const observations = members.map((member, index) => ({ ...asked(member), id: `o${index + 1}` }));
    const processes = members.map(
      (member) => ({ component: 'taskmanager', member, source: 'rest', identity: member }) as const,
    );
    const { findings } = evaluate(rules, observations, [], {
      ...{ now, probes, connections: 'heard', quality: [], configurations: [], stores: [], processes },
      ...(baseline === undefined ? {} : { baseline }),
    });
    const gone = findings.filter(({ ruleId }) => ruleId === RULE);
    const verdict = gone.length === 0 ? otherwise : runVerdict(gone, [], 'medium');
    const report = { ...reportOf({ at, observations, findings: gone, change: { processes } }), verdict };
    const run: Run = { id: runId(this.#number), cluster: 'prod', trigger: 'schedule', report };
    this.#store.commit(run, { resolveAfter: 1 });
    return verdict;
  }

  close(): void {
    this.#store.close();
  }
}

function cluster(t: { teardown(done: () => void): void }, expected?: number): Cluster {
  const one = new Cluster(expected);
  t.teardown(() => one.close());
  return one;
}

t.test('a cluster that was made smaller is inconclusive at first, and then good again, for good', async (t) => {
  const one = cluster(t);
  t.equal(one.verified(['tm-1', 'tm-2'], 0), 'pass');
  t.equal(one.verified(['tm-1'], 5), 'inconclusive');
  t.equal(one.verified(['tm-1'], 14), 'inconclusive', 'it may come back');
  t.equal(one.verified(['tm-1'], 20), 'pass');
  t.equal(one.verified(['tm-1'], 25), 'pass');
  t.equal(one.verified(['tm-1', 'tm-2'], 30), 'pass');
  t.equal(one.verified(['tm-1'], 35), 'inconclusive', 'who goes again is missed again');
});

t.test('where the settings say how many have to be there, who is too few stays missed', async (t) => {
  const two = cluster(t, 2);
  two.verified(['tm-1', 'tm-2', 'tm-3'], 0);
  t.equal(two.verified(['tm-1', 'tm-2'], 5), 'inconclusive');
  t.equal(two.verified(['tm-1', 'tm-2'], 60), 'pass', 'two are enough');
  t.equal(two.verified(['tm-1'], 65), 'inconclusive');
  t.equal(two.verified(['tm-1'], 600), 'inconclusive');
  t.equal(two.verified(['tm-1', 'tm-2'], 605), 'pass');
});

t.test('who was told does not come and go while other things keep the cluster from being good', async (t) => {
  const one = cluster(t);
  one.verified(['tm-1', 'tm-2'], 0);
  one.verified(['tm-1'], 5);
  const later = [20, 25, 30, 35].map((at) => one.verified(['tm-1'], at, 'fail'));
  t.strictSame(later, ['fail', 'fail', 'fail', 'fail']);
});

t.test('a run that comes later than ten minutes after the last says it all the same, once', async (t) => {
  const one = cluster(t);
  one.verified(['tm-1', 'tm-2'], 0);
  t.equal(one.verified(['tm-1'], 1440), 'inconclusive');
  t.equal(one.verified(['tm-1'], 2880), 'pass');
});
