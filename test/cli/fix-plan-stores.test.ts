import t from 'tap';
import { mended, recordedCluster, STORES, skip } from '../support/fix-plan-clusters.ts';

t.test('recorded clusters pass the audit once their plan is carried out', { skip }, async (t) => {
  for (const [name, restart] of [
    ['1.20.3-off', 'all-at-once'],
    ['1.20.3-rest-mtls-notrust', 'all-at-once'],
  ] as const) {
    t.comment(name);
    const { before, after } = await mended(t, recordedCluster(name), '--flink-version=1.20.3');
    t.equal(before.plan.restart, restart, name);
    t.equal(after.plan.findings.length, 0, name);
  }
});

t.test(
  'an expired internal certificate is exchanged in rounds, none of which parts the cluster',
  { skip },
  async (t) => {
    const own = recordedCluster('1.20.3-all', {
      ...STORES,
      'internal.p12': 'internal-expired.p12',
      'internal-trust.p12': 'internal-expired-trust.p12',
    });
    const { before } = await mended(t, own, '--flink-version=1.20.4');
    t.equal(before.plan.restart, 'rolling');
    t.match(before.plan.because[0], /learns to trust the new one beside the old one/);
    const titles = before.plan.steps.map(({ title }) => title);
    const rounds = titles.flatMap((title, index) => (/one after the other/.test(title) ? [index] : []));
    const [trusted, shown] = [/^Trust the new/, /^Show the new/].map((one) =>
      titles.findIndex((title) => one.test(title)),
    );
    t.strictSame(
      [trusted! < rounds[0]!, rounds[0]! < shown!, shown! < rounds[1]!, rounds.length],
      [true, true, true, 2],
    );
  },
);

t.test('REST alone: what serves it is restarted, TaskManagers go on', { skip }, async (t) => {
  const own = recordedCluster('1.20.3-all', { ...STORES, 'rest.p12': 'internal-expired.p12' });
  const { before } = await mended(t, own, '--flink-version=1.20.4');
  t.equal(before.plan.restart, 'rest-only');
  t.notMatch(before.text, /taskmanager\.sh/);
});
