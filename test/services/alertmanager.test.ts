import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Notifier } from '../../src/daemon/notify/notifier.ts';
import { openStore } from '../../src/daemon/store/store.ts';
import { accused, runOf } from '../daemon/cluster-report.ts';
import { alertmanager, settingsOf } from '../daemon/notify/bench.ts';
import { receiver } from '../daemon/notify/receiver.ts';
import { missing } from '../support/capture-tools.ts';
import { freePort } from '../support/listening.ts';
import { temporary } from '../support/temporary.ts';
import { service, until } from './service.ts';

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

const skip = missing('prometheus-alertmanager');

t.test('a real Alertmanager shows an alert, is kept informed, notifies, and resolves', { skip }, async (t) => {
  const folder = temporary();
  const hook = await receiver();
  const [port, cluster] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const configuration = path.join(folder, 'alertmanager.yml');
  writeFileSync(
    configuration,
    [
      'route: { receiver: hook, group_by: [flink_cluster], group_wait: 100ms, group_interval: 1s, repeat_interval: 1h }',
      'receivers:',
      '  - name: hook',
      `    webhook_configs: [ { url: '${hook.url}/from-alertmanager', send_resolved: true } ]`,
      '',
    ].join('\n'),
  );
  const running = await service(
    'prometheus-alertmanager',
    [
      `--config.file=${configuration}`,
      `--storage.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--cluster.listen-address=127.0.0.1:${cluster}`,
    ],
    `${url}/-/ready`,
  );
  const store = openStore({ path: path.join(folder, 'history.db') });
  const logged: string[] = [];
  const notifier = new Notifier({
    store,
    log: (level, fields, text) => void logged.push(`${level} ${text} ${JSON.stringify(fields)}`),
    clock: Date.now,
    random: Math.random,
    readSecret: () => '',
  });
  t.teardown(async () => {
    await notifier.stop();
    store.close();
    await running.stop();
    await hook.close();
  });
  const shown = async (): Promise<readonly Shown[]> => (await fetch(`${url}/api/v2/alerts`)).json() as Promise<Shown[]>;

  notifier.apply(settingsOf([alertmanager(url, { resendMs: 1000, groupWaitMs: 0 })]));
  const first = runOf(1, { findings: [accused('tm-1', { title: 'In clear: “ä”\n<b>' }), accused('tm-2')] });
  notifier.committed(first, store.commit(first, { resolveAfter: 1 }).transitions);
  t.ok(await until(async () => (await shown()).length === 2), `it shows both: ${logged.join('; ')}`);
  const [one] = (await shown()).filter(({ labels }) => labels.member === 'tm-1');
  t.match(one, {
    status: { state: 'active' },
    labels: {
      alertname: 'FlinkprobeFinding',
      flink_cluster: 'prod',
      channel: 'taskmanager-data',
      severity: 'critical',
      rule: 'strangers-accepted',
      fingerprint: 'tm-1-strangers',
    },
    annotations: { description: 'A certificate of nobody was accepted.', runbook: 'Set it.' },
  });
  t.ok(await until(async () => hook.received.length > 0), 'it notifies its own receivers');
  t.equal(hook.received[0]!.body.alerts.length, 2);

  t.ok(
    await until(async () => (await shown()).some(({ endsAt }) => Date.parse(endsAt) > Date.parse(one!.endsAt) + 1000)),
    'resending moves its end',
  );
  await new Promise((resolve) => setTimeout(resolve, 4000));
  t.equal((await shown()).length, 2, 'longer than three resends it is kept');

  const second = runOf(2, { findings: [accused('tm-2')] });
  notifier.committed(second, store.commit(second, { resolveAfter: 1 }).transitions);
  t.ok(await until(async () => (await shown()).length === 1), 'the other is resolved');
  t.ok(
    await until(async () =>
      hook.received.some(({ body }) =>
        body.alerts.some(
          (alert: { status: string; labels: Readonly<Record<string, string>> }) =>
            alert.status === 'resolved' && alert.labels.member === 'tm-1',
        ),
      ),
    ),
    'and its receivers hear of it',
  );
  t.equal(store.outbox.size(), 0);
  t.strictSame(
    logged.filter((line) => !line.startsWith('info')),
    [],
  );
});
