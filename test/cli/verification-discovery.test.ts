import t from 'tap';
import type { Discovery } from '../../src/cli/verification-plan.ts';
import { restConfiguration } from '../../src/flink/rest-configuration.ts';
import type { ChannelId } from '../../src/model/channel.ts';
import type { NamedTarget } from '../../src/observe/named-target.ts';
import { clear } from '../support/observations.ts';
import { MUTUAL_TLS, named, observed, run, type World } from '../support/verification.ts';

const TM: NamedTarget = {
  name: 'tm1',
  port: 35_001,
  channel: 'taskmanager-data' satisfies ChannelId,
  channelBasis: 'discovery',
  component: 'taskmanager',
  member: 'tm1',
};

function discovered(change: Partial<Discovery> = {}): Discovery {
  return {
    input: { kind: 'rest', path: 'http://jm:8081' },
    targets: [TM],
    lost: [],
    processes: [{ component: 'taskmanager', member: 'tm1', source: 'rest', identity: 'tm1:35001-a1b2c3' }],
    flinkVersion: '1.20.3',
    shortfalls: [],
    ...change,
  };
}

const TM_ANSWERS: World = { addresses: { tm1: ['10.0.0.2'] }, answers: { '10.0.0.2:35001': MUTUAL_TLS } };

t.test('what REST names is asked, and what it promises is what the endpoint is held against', async (t) => {
  const configuration = restConfiguration(
    [
      { key: 'security.ssl.internal.enabled', value: 'true' },
      { key: 'security.ssl.protocol', value: 'TLSv1.3' },
    ],
    { member: null, flinkVersion: '1.20.3' },
  );
  const report = await run({}, { ...TM_ANSWERS, discovery: discovered({ configuration }) });
  t.match(report.observations, [{ channel: 'taskmanager-data', channelBasis: 'discovery', server: { member: 'tm1' } }]);
  t.match(report.processes, [{ member: 'tm1', identity: 'tm1:35001-a1b2c3' }]);
  t.match(
    report.expectations.find(({ channel }) => channel === 'taskmanager-data'),
    { tls: 'required', basis: 'configuration', protocols: ['TLSv1.3'] },
  );
  t.match(report.inputs, [{ kind: 'rest', path: 'http://jm:8081' }]);
  t.strictSame(report.summary?.flinkVersions, ['1.20.3']);
});

t.test('a configuration that was handed in outweighs the one that REST tells', async (t) => {
  const configuration = restConfiguration([{ key: 'security.ssl.internal.enabled', value: 'false' }], { member: null });
  const text = 'security.ssl.internal.enabled: true\n';
  const report = await run(
    { configurations: [{ member: null, path: 'conf', files: [{ name: 'config.yaml', text }] }] },
    { ...TM_ANSWERS, discovery: discovered({ configuration }) },
  );
  t.equal(report.expectations.find(({ channel }) => channel === 'taskmanager-data')?.tls, 'required');
});

t.test('a configured pin goes with the target, so that a certificate beside it can be tried', async (t) => {
  const pins: unknown[] = [];
  const pin = 'ab'.repeat(20);
  const text = `security.ssl.internal.enabled: true\nsecurity.ssl.internal.cert.fingerprint: ${pin}\n`;
  const world: World = {
    change: {
      survey: async (target) => {
        pins.push(target.pins);
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  await run(
    {
      named: named('blob-server=10.0.0.1:6124'),
      configurations: [{ member: null, path: 'conf', files: [{ name: 'config.yaml', text }] }],
    },
    world,
  );
  t.strictSame(pins, [[pin]]);
});

t.test('a discovery that is not whole leaves the run inconclusive', async (t) => {
  const shortfalls = ['1 of 2 TaskManagers registered within 120 s'];
  const report = await run({}, { ...TM_ANSWERS, discovery: discovered({ shortfalls }) });
  t.equal(report.verdict, 'inconclusive');
  const none = await run({}, { discovery: discovered({ targets: [], shortfalls: ['refused'] }) });
  t.equal(none.verdict, 'inconclusive');
});

t.test('beside a baseline it tells what is new, and that a process was restarted', async (t) => {
  const world = (identity: string): World => ({
    ...TM_ANSWERS,
    discovery: discovered({ processes: [{ component: 'taskmanager', member: 'tm1', source: 'rest', identity }] }),
  });
  const before = await run({}, world('a'));
  const baseline = { path: 'before.json', report: before };
  const after = await run({ baseline }, world('b'));
  t.match(after.comparison, {
    baseline: { path: 'before.json', finishedAt: before.finishedAt, verdict: 'pass' },
    endpoints: [{ channel: 'taskmanager-data', change: 'unchanged', process: 'restarted', certificate: 'same' }],
  });
  const { kind, plaintext } = clear({ channel: 'taskmanager-data' });
  const worse = await run(
    { baseline },
    { ...world('b'), answers: { '10.0.0.2:35001': { kind, plaintext: plaintext! } } },
  );
  t.match(worse.comparison, { endpoints: [{ change: 'weaker' }] });
  t.equal(worse.findings.find(({ ruleId }) => ruleId === 'plaintext-channel')?.change, 'new');
});
