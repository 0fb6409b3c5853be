import path from 'node:path';
import t, { type Test } from 'tap';
import { withNotifications } from '../../src/cli/daemon-notify.ts';
import type { DaemonMeans, LoadedSettings } from '../../src/daemon/daemon.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import type { Store } from '../../src/daemon/types.ts';
import { accused, runOf } from '../daemon/cluster-report.ts';
import { settingsOf, webhook } from '../daemon/notify/bench.ts';
import { type Receiver, receiver } from '../daemon/notify/receiver.ts';
import { told } from '../daemon/notify/rig.ts';
import { until } from '../services/service.ts';
import { temporary } from '../support/temporary.ts';

interface Notifying {
  readonly store: Store;
  readonly hook: Receiver;
  readonly means: DaemonMeans;
}

/** What a daemon is given, with notifications, until the test ends. */
async function notifying(t: Test, others: Partial<DaemonMeans> = {}): Promise<Notifying> {
  const store = openStore({ path: path.join(temporary(), 'history.db') });
  const hook = await receiver();
  const means = withNotifications({
    store,
    log: () => undefined,
    clock: Date.now,
    random: Math.random,
    waivers: () => [],
    applied: () => undefined,
    ...others,
  } as unknown as DaemonMeans);
  t.teardown(async () => {
    await means.ending?.();
    store.close();
    await hook.close();
  });
  return { store, hook, means };
}

t.test(
  'stored runs and failed ones reach the sinks of the settings, and who listened before still hears',
  async (t) => {
    process.env.FLINKPROBE_TEST_BEARER = 't0ken';
    const heard: string[] = [];
    const { store, hook, means } = await notifying(t, {
      failed: (cluster) => void heard.push(`failed ${cluster}`),
      committed: () => void heard.push('committed'),
      applied: () => void heard.push('applied'),
    });
    t.teardown(() => delete process.env.FLINKPROBE_TEST_BEARER);
    const bearer = { kind: 'environment', name: 'FLINKPROBE_TEST_BEARER' } as const;
    const settings = settingsOf([webhook(hook.url, { groupWaitMs: 0, bearer, on: ['opened', 'run-failed'] })]);
    means.applied({ settings, waivers: [] } as unknown as LoadedSettings);
    means.failed?.('prod', 'REST does not answer');
    const run = runOf(1, { findings: [accused('tm-1')] });
    means.committed?.(run, store.commit(run, { resolveAfter: 1 }).transitions);
    t.ok(await until(async () => told(hook).includes('opened tm-1-strangers')));
    t.equal(hook.received[0]!.headers.authorization, 'Bearer t0ken');
    t.strictSame(heard, ['applied', 'failed prod', 'committed']);
  },
);

t.test('a run that failed is told, and its end when one is kept again', async (t) => {
  const { store, hook, means } = await notifying(t);
  const settings = settingsOf([webhook(hook.url, { groupWaitMs: 0, on: ['resolved', 'run-failed'] })]);
  means.applied({ settings, waivers: [] } as unknown as LoadedSettings);
  means.failed?.('prod', 'REST does not answer');
  t.ok(await until(async () => told(hook).includes('run-failed run-failed')));
  const run = runOf(1);
  means.committed?.(run, store.commit(run, { resolveAfter: 1 }).transitions);
  t.ok(await until(async () => told(hook).includes('resolved run-failed')));
});
