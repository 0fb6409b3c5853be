import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { Told } from '../../../src/daemon/notify/alert.ts';
import { dedupKey, pagerDutyEvent } from '../../../src/daemon/notify/pagerduty.ts';
import { slackMessage } from '../../../src/daemon/notify/slack.ts';
import { webhookBody } from '../../../src/daemon/notify/webhook.ts';
import type { SinkSettings } from '../../../src/daemon/settings.ts';
import { SEVERITIES } from '../../../src/model/report.ts';
import { temporary } from '../../support/temporary.ts';
import { accused, START } from '../cluster-report.ts';
import { alertmanager, Bench, command, pagerDuty, settingsOf, slack, webhook } from './bench.ts';
import { type Receiver, receiver } from './receiver.ts';

const folder = temporary();

interface Scene {
  readonly bench: Bench;
  readonly hook: Receiver;
}

async function scene(
  t: { teardown(work: () => Promise<void>): void },
  sink: (hook: Receiver) => SinkSettings,
): Promise<Scene> {
  const [bench, hook] = [new Bench(), await receiver()];
  t.teardown(async () => {
    await bench.end();
    await hook.close();
  });
  bench.secrets.set('PD_KEY', 'R0UT1NGK3Y');
  bench.secrets.set('SLACK_URL', `${hook.url}/services/T0/B0/XYZ`);
  bench.notifier.apply(settingsOf([sink(hook)]));
  return { bench, hook };
}

const at = (milliseconds: number): string => new Date(START + milliseconds).toISOString();

t.test('Alertmanager: postableAlerts of its API v2, kept alive by resending, ended by endsAt', async (t) => {
  const { bench, hook } = await scene(t, ({ url }) => alertmanager(`${url}/`));
  bench.run([accused('tm-1')]);
  await bench.after(10);
  const labels = {
    alertname: 'FlinkprobeFinding',
    flink_cluster: 'prod',
    channel: 'taskmanager-data',
    member: 'tm-1',
    rule: 'strangers-accepted',
    fingerprint: 'tm-1-strangers',
    severity: 'critical',
  };
  const [first] = hook.received;
  t.equal(`${first!.method} ${first!.path}`, 'POST /api/v2/alerts');
  t.match(first!.headers['content-type'], 'application/json');
  t.strictSame(first!.body[0].labels, labels);
  t.strictSame(Object.keys(first!.body[0]).sort(), ['annotations', 'endsAt', 'labels', 'startsAt']);
  t.equal(first!.body[0].startsAt, at(0));
  t.equal(first!.body[0].endsAt, at(10_000 + 3 * 60_000));
  t.match(first!.body[0].annotations, {
    summary: 'A stranger is let in: taskmanager-data of tm-1 (prod)',
    description: 'A certificate of nobody was accepted.',
    runbook: 'Set it.',
    fix: 'security.ssl.internal.enabled: true',
    expected: 'refused',
    observed: 'admitted',
  });
  for (const [, value] of Object.entries(first!.body[0].labels)) t.equal(typeof value, 'string');

  hook.received.length = 0;
  for (let minute = 1; minute <= 5; minute++) await bench.after(60);
  t.equal(hook.received.length, 5, 'once each resend');
  for (const [index, { body }] of hook.received.entries()) {
    t.strictSame(body[0].labels, labels);
    t.equal(body[0].endsAt, at(10_000 + (index + 1) * 60_000 + 3 * 60_000));
  }

  hook.received.length = 0;
  bench.run([accused('tm-1', { severity: 'medium' })]);
  await bench.after(10);
  t.equal(hook.received.length, 0, 'an alert is its labels: one that eases keeps them');
  bench.run([]);
  await bench.after(10);
  const [ended] = hook.received;
  t.strictSame(ended!.body[0].labels, labels);
  t.ok(Date.parse(ended!.body[0].endsAt) < bench.now, 'it is over');
  t.ok(ended!.body[0].startsAt <= ended!.body[0].endsAt, 'what Alertmanager refuses otherwise');
  hook.received.length = 0;
  await bench.after(600);
  t.equal(hook.received.length, 0, 'what is resolved is not sent again');
});

t.test('Alertmanager: one that worsens ends under its old severity', async (t) => {
  const { bench, hook } = await scene(t, ({ url }) => alertmanager(url));
  bench.run([accused('tm-1', { severity: 'high' })]);
  await bench.after(10);
  bench.run([accused('tm-1')]);
  await bench.after(1);
  const { body } = hook.received.at(-1)!;
  t.strictSame(
    body.map((one: { labels: { severity: string }; endsAt: string }) => [
      one.labels.severity,
      Date.parse(one.endsAt) > bench.now,
    ]),
    [
      ['high', false],
      ['critical', true],
    ],
  );
});

t.test('Alertmanager: any of several is enough; credentials by basic authentication', async (t) => {
  const { bench, hook } = await scene(t, ({ url }) =>
    alertmanager('', {
      urls: ['http://127.0.0.1:1', url],
      basic: { user: 'probe', password: { kind: 'environment', name: 'PD_KEY' } },
    }),
  );
  bench.run([accused('tm-1')]);
  await bench.after(10);
  t.equal(bench.store.outbox.size(), 0);
  t.equal(hook.received[0]!.headers.authorization, `Basic ${Buffer.from('probe:R0UT1NGK3Y').toString('base64')}`);
});

/** Keys of `template.Data` and of the documentation of `webhook_config`. */
t.test('webhook: the shape of Alertmanager, version 4', async (t) => {
  const { bench, hook } = await scene(t, ({ url }) => webhook(url));
  bench.run([accused('tm-1'), accused('tm-2')]);
  await bench.after(10);
  const { body } = hook.received[0]!;
  t.strictSame(Object.keys(body).sort(), [
    'alerts',
    'commonAnnotations',
    'commonLabels',
    'externalURL',
    'groupKey',
    'groupLabels',
    'receiver',
    'status',
    'truncatedAlerts',
    'version',
  ]);
  t.match(body, { version: '4', status: 'firing', receiver: 'sink', groupLabels: { flink_cluster: 'prod' } });
  t.equal(body.commonLabels.rule, 'strangers-accepted');
  t.notOk('member' in body.commonLabels, 'what differs is not common');
  t.strictSame(Object.keys(body.alerts[0]).sort(), [
    'annotations',
    'endsAt',
    'fingerprint',
    'generatorURL',
    'labels',
    'startsAt',
    'status',
  ]);
  t.equal(body.alerts[0].endsAt, '0001-01-01T00:00:00Z');
  bench.run([]);
  await bench.after(10);
  const resolved = hook.received[1]!.body;
  t.equal(resolved.status, 'resolved');
  t.equal(resolved.groupKey, body.groupKey);
  t.equal(resolved.alerts[0].endsAt, at(10_000));
});

t.test('PagerDuty: Events API v2, one event a finding, one key for its life', async (t) => {
  const { bench, hook } = await scene(t, ({ url }) => pagerDuty(`${url}/v2/enqueue`));
  hook.answer = { status: 202, body: '{"status":"success","message":"Event processed","dedup_key":"x"}' };
  bench.run([accused('tm-1'), accused('tm-2', { severity: 'medium' })]);
  await bench.after(10);
  t.equal(hook.received.length, 2);
  const [first, second] = hook.received.map(({ body }) => body);
  t.equal(hook.received[0]!.path, '/v2/enqueue');
  t.match(first, {
    routing_key: 'R0UT1NGK3Y',
    event_action: 'trigger',
    client: 'flinkprobe',
    payload: {
      summary: 'A stranger is let in: taskmanager-data of tm-1 (prod)',
      source: '10.0.0.1:6121',
      severity: 'critical',
      timestamp: at(0),
      component: 'taskmanager-data',
      group: 'prod',
      class: 'strangers-accepted',
    },
  });
  t.equal(second.payload.severity, 'warning');
  bench.run([]);
  await bench.after(10);
  const [resolve] = hook.received.slice(2).map(({ body }) => body);
  t.strictSame(Object.keys(resolve).sort(), ['dedup_key', 'event_action', 'routing_key']);
  t.equal(resolve.event_action, 'resolve');
  t.equal(resolve.dedup_key, first.dedup_key);
  t.not(first.dedup_key, second.dedup_key);
});

t.test('Slack: text for those who see no blocks, blocks within the limits', async (t) => {
  const { bench, hook } = await scene(t, () => slack());
  bench.run([accused('tm-1', { title: '<!channel> & co', observed: '<https://evil|here>' })]);
  await bench.after(10);
  const { path: asked, body } = hook.received[0]!;
  t.equal(asked, '/services/T0/B0/XYZ');
  t.match(body.text, 'prod: 1 open');
  t.strictSame(Object.keys(body).sort(), ['blocks', 'text']);
  t.equal(body.blocks[0].type, 'header');
  t.equal(body.blocks[0].text.type, 'plain_text');
  t.match(body.blocks[1], { type: 'section', text: { type: 'mrkdwn' } });
  t.match(body.blocks[1].text.text, '*CRITICAL*');
  t.notMatch(JSON.stringify(body), /<[!h]/, 'nothing from the wire mentions anybody or links anywhere');
});

const told = fc.record({
  key: fc.string({ minLength: 1, maxLength: 300 }),
  severity: fc.constantFrom(...SEVERITIES),
  status: fc.constantFrom('firing', 'resolved'),
  reason: fc.constantFrom('opened', 'resolved', 'reminder', 'waived'),
  labels: fc.dictionary(fc.constantFrom('alertname', 'rule', 'member', 'channel'), fc.string({ maxLength: 5000 })),
  annotations: fc.dictionary(
    fc.constantFrom('summary', 'expected', 'observed', 'runbook'),
    fc.string({ maxLength: 5000 }),
  ),
  startsAt: fc.constant(at(0)),
}) as unknown as fc.Arbitrary<Told>;

t.test('whatever is told, every receiver’s limits are kept', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.array(told, { minLength: 1, maxLength: 30 }), (cluster, alerts) => {
      const { blocks } = slackMessage({ cluster, alerts });
      const isSlack =
        blocks.length <= 50 &&
        blocks.every(({ type, text }) => text === undefined || text.text.length <= (type === 'header' ? 150 : 3000)) &&
        blocks.every(({ text }) => text === undefined || text.text.length > 0);
      const isPagerDuty = alerts.every((one) => {
        const event = pagerDutyEvent('k', cluster, one);
        return event.dedup_key.length <= 255 && (event.payload?.summary.length ?? 0) <= 1024;
      });
      const body = webhookBody('sink', { cluster, alerts });
      return isSlack && isPagerDuty && JSON.parse(JSON.stringify(body)).alerts.length === alerts.length;
    }),
    { numRuns: 50 },
  );
});

t.test('a key is the same for the same finding of the same cluster, and no other', async (t) => {
  const long = 'c'.repeat(300);
  t.equal(dedupKey(long, 'a'), dedupKey(long, 'a'));
  t.not(dedupKey(long, 'a'), dedupKey(long, 'b'));
  t.not(dedupKey('x', 'a'), dedupKey('y', 'a'));
  t.ok(dedupKey(long, 'a').length <= 255);
});

const posix = process.platform === 'win32' ? 'a shell script' : false;

function script(name: string, ...lines: readonly string[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
  return file;
}

t.test('command: stable names, a file for us alone, nothing of our secrets', { skip: posix }, async (t) => {
  const out = path.join(folder, 'out');
  const line = script(
    'hook',
    `env > ${out}.env`,
    `ls -l "$FLINKPROBE_FILE" > ${out}.ls`,
    `cp "$FLINKPROBE_FILE" ${out}.json`,
    `echo "$1" > ${out}.arg`,
  );
  process.env.OUR_SECRET = 's3cr3t';
  t.teardown(() => delete process.env.OUR_SECRET);
  const { bench } = await scene(t, () => command([line, 'an argument']));
  bench.run([accused('tm-1', { title: 'two\nlines' })]);
  await bench.after(10);
  const environment = readFileSync(`${out}.env`, 'utf8');
  for (const expected of [
    'FLINKPROBE_STATUS=firing',
    'FLINKPROBE_CLUSTER=prod',
    'FLINKPROBE_SEVERITY=critical',
    'FLINKPROBE_RULE=strangers-accepted',
    'FLINKPROBE_CHANNEL=taskmanager-data',
    'FLINKPROBE_MEMBER=tm-1',
    'FLINKPROBE_FINGERPRINT=tm-1-strangers',
    'FLINKPROBE_REASON=opened',
    'FLINKPROBE_SUMMARY=two lines: taskmanager-data of tm-1 (prod)',
  ]) {
    t.ok(environment.split('\n').includes(expected), expected);
  }
  t.notMatch(environment, /s3cr3t/);
  t.match(readFileSync(`${out}.ls`, 'utf8'), /^-rw-------/);
  t.equal(readFileSync(`${out}.arg`, 'utf8'), 'an argument\n');
  t.match(JSON.parse(readFileSync(`${out}.json`, 'utf8')), { version: '4', alerts: [{ status: 'firing' }] });
  const file = /FLINKPROBE_FILE=(.*)/.exec(environment)![1]!;
  t.notOk(existsSync(file), 'and it is gone afterwards');
  t.equal(bench.store.outbox.size(), 0);
});

t.test(
  'command: one that hangs is ended with all that it started; one that always fails is given up',
  { skip: posix },
  async (t) => {
    const beat = path.join(folder, 'beat');
    const line = script('hang', `(while :; do echo x >> ${beat}; sleep 0.05; done) &`, 'trap "" TERM', 'sleep 60');
    const { bench } = await scene(t, () => command([line], { timeoutMs: 300 }));
    bench.run([accused('tm-1')]);
    await bench.after(10);
    t.match(bench.logged.at(-1), { level: 'warn', text: /tried again/ });
    t.match(JSON.stringify(bench.logged), /did not end within 300 ms/);
    const size = statSync(beat).size;
    await new Promise((resolve) => setTimeout(resolve, 200));
    t.equal(statSync(beat).size, size, 'what it started has ended too');

    const failing = script('fail', 'echo "no such user" >&2', 'exit 3');
    bench.notifier.apply(settingsOf([command([failing])]));
    for (let minute = 0; minute < 120; minute++) await bench.after(60);
    t.match(JSON.stringify(bench.logged), /exit code 3: no such user/);
    t.match(bench.logged.at(-1), { level: 'error', text: /not tried again/ });
    bench.notifier.apply(settingsOf([command(['/nowhere/hook'])]));
    await bench.after(10);
    t.match(JSON.stringify(bench.logged.at(-1)), /ENOENT/);
  },
);
