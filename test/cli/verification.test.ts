import assert from 'node:assert/strict';
import t from 'tap';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { verify } from '../../src/cli/verification.ts';
import { type Discovery, type Instruments, plan, type VerificationRequest } from '../../src/cli/verification-plan.ts';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { restConfiguration } from '../../src/flink/rest-configuration.ts';
import type { ChannelId } from '../../src/model/channel.ts';
import type { Observation, Report } from '../../src/model/report.ts';
import type { Target } from '../../src/observe/active/types.ts';
import type { NamedTarget } from '../../src/observe/named-target.ts';
import { parseTarget, targetsOf } from '../../src/observe/target-text.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { certificate, chain, clear, clientAuthentication, tls } from '../support/observations.ts';

const probes = await loadProbes();
const STARTED = Date.parse('2026-11-22T13:00:00Z');

function named(...texts: readonly string[]): readonly NamedTarget[] {
  return texts.flatMap((text) => targetsOf(parseTarget(text), probes));
}

type Answer = Pick<Observation, 'kind'> & Partial<Observation>;

const MUTUAL_TLS: Answer = (() => {
  const { kind, tls: details } = tls({
    tls: {
      serverCertificate: chain(certificate({ notAfter: '2036-01-01T00:00:00Z' })),
      clientAuthentication: clientAuthentication({ verdict: 'required', presented: 'empty', basis: 'probe' }),
    },
  });
  return { kind, tls: details! };
})();
const REFUSED: Answer = { kind: 'no-answer', because: 'refused' };

/** What an active probe reports of a target that answered so. */
function observed(target: Target, { kind, ...answer }: Answer): Observation {
  const at = new Date(STARTED + 500).toISOString();
  return {
    id: '',
    vantage: 'active',
    observedAt: at,
    lastSeenAt: at,
    channel: target.channel ?? 'unknown',
    channelBasis: target.channel === undefined ? 'port' : target.channelBasis,
    roleBasis: 'syn',
    server: {
      host: target.address,
      port: target.port,
      ...(target.component === undefined ? {} : { component: target.component }),
      ...(target.member === undefined ? {} : { member: target.member }),
    },
    bytes: { client: 100, server: 900 },
    asked: { profile: 'standard', connections: 3, complete: true, logLines: 1, attempts: [] },
    kind,
    ...answer,
  };
}

interface World {
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  /** By `address:port`; what is not there refuses. */
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly discovery?: Discovery;
  readonly change?: Partial<Instruments>;
}

function instruments({ addresses = {}, answers = {}, discovery, change }: World): Instruments {
  let clock = STARTED;
  return {
    ...(discovery === undefined ? {} : { discover: async () => discovery }),
    targetsOf: () => ({ endpoints: [], notes: [] }),
    defaults: () => named('127.0.0.1', '[::1]'),
    resolve: async (name) => addresses[name] ?? (/^[\d.]+$|:/.test(name) ? [name] : []),
    budget: (targets) => ({
      endpoints: targets.length,
      connections: 80 * targets.length,
      logLines: 8 * targets.length,
    }),
    survey: async (target) => observed(target, answers[`${target.address}:${target.port}`] ?? REFUSED),
    clock: () => {
      clock += 1000;
      return clock - 1000;
    },
    ...change,
  };
}

function request(change: Partial<VerificationRequest> = {}): VerificationRequest {
  return {
    named: [],
    inputs: [],
    configurations: [],
    profile: 'standard',
    parallel: 4,
    failOn: 'medium',
    ...change,
  };
}

async function run(asked: Partial<VerificationRequest>, world: World): Promise<Report> {
  const tools = instruments(world);
  const report = await verify(await plan(request(asked), tools), request(asked), tools);
  assert.equal(reportSchema.safeParse(report).error?.message, undefined, 'the report follows the schema');
  return report;
}

function places(report: Report): string[] {
  return report.observations.map(({ id, channel, server }) => `${id} ${channel} ${server.host}:${server.port}`);
}

t.test('endpoints stand in the order of channel, member, host and port, however they were named', async (t) => {
  const targets = ['tm10:7000', 'blob-server=jm:6124', 'taskmanager-data=tm2:6121', 'taskmanager-data=tm1:6121'];
  const addresses = { jm: ['10.0.0.1'], tm1: ['10.0.0.20'], tm2: ['10.0.0.3'], tm10: ['10.0.0.9'] };
  const forth = await run({ named: named(...targets) }, { addresses });
  const back = await run({ named: named(...targets.toReversed()) }, { addresses });
  t.strictSame(places(forth), [
    'o1 taskmanager-data 10.0.0.20:6121',
    'o2 taskmanager-data 10.0.0.3:6121',
    'o3 blob-server 10.0.0.1:6124',
    'o4 unknown 10.0.0.9:7000',
  ]);
  t.strictSame(places(back), places(forth));
});

t.test('every address of a name is asked and reported; one that is named twice is asked once', async (t) => {
  const asked: string[] = [];
  const world: World = {
    addresses: { tm: ['10.0.0.2', '10.0.0.3', 'fd00::2'] },
    change: {
      survey: async (target) => {
        asked.push(target.address);
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  const report = await run({ named: named('taskmanager-data=tm:6121', 'taskmanager-data=10.0.0.3:6121') }, world);
  t.strictSame(asked.sort(), ['10.0.0.2', '10.0.0.3', 'fd00::2']);
  t.strictSame(
    report.observations.map(({ server }) => server.member),
    [undefined, undefined, undefined],
    'a name of several is the name of none',
  );
  t.equal(report.verdict, 'pass');
});

t.test('a name with one address is the name of its process; a hosts file outweighs it', async (t) => {
  const world: World = { addresses: { 'flink-jm.svc': ['10.0.0.1'] }, answers: { '10.0.0.1:6123': MUTUAL_TLS } };
  const asked = { named: named('jobmanager-rpc=flink-jm.svc:6123') };
  t.equal((await run(asked, world)).observations[0]?.server.member, 'flink-jm.svc');
  t.equal((await run({ ...asked, names: '10.0.0.1 jm\n' }, world)).observations[0]?.server.member, 'jm');
});

t.test('a name without an address is an endpoint that was not seen: the run is inconclusive', async (t) => {
  const world: World = { addresses: { jm: ['10.0.0.1'] }, answers: { '10.0.0.1:6124': MUTUAL_TLS } };
  const report = await run({ named: named('blob-server=jm:6124', 'taskmanager-data=gone:6121') }, world);
  t.match(report.observations[0], { kind: 'no-answer', because: 'unresolved', server: { host: 'gone', port: 6121 } });
  t.equal(report.observations[1]?.kind, 'tls');
  t.equal(report.verdict, 'inconclusive');
  t.equal(report.complete, true);
});

t.test('a port that was named and refuses is reported, and the run is inconclusive', async (t) => {
  const report = await run({ named: named('10.0.0.1:7777') }, {});
  t.match(report.observations, [{ kind: 'no-answer', because: 'refused', server: { port: 7777 } }]);
  t.equal(report.verdict, 'inconclusive');
});

t.test('default ports that refuse are nothing where the host answers on others', async (t) => {
  const answers = { '10.0.0.1:6124': MUTUAL_TLS, '10.0.0.1:6123': MUTUAL_TLS };
  const report = await run({ named: named('10.0.0.1') }, { answers });
  t.strictSame(places(report), ['o1 jobmanager-rpc 10.0.0.1:6123', 'o2 blob-server 10.0.0.1:6124']);
  t.equal(report.verdict, 'pass');
  t.ok(report.summary!.refusedAttempts > 3, 'but they are counted');
});

t.test('a host that was named and refuses on every default port has not passed', async (t) => {
  const report = await run({ named: named('10.0.0.1') }, {});
  t.ok(report.observations.length > 3);
  t.ok(report.observations.every(({ because }) => because === 'refused'));
  t.equal(report.verdict, 'inconclusive');
});

t.test('a default port that swallows packets may hide something: it is reported', async (t) => {
  const silent: Answer = { kind: 'no-answer', because: 'timeout' };
  const answers = { '10.0.0.1:6124': MUTUAL_TLS, '10.0.0.1:6123': silent };
  const report = await run({ named: named('10.0.0.1') }, { answers });
  t.match(report.observations[0], { because: 'timeout', server: { port: 6123 } });
  t.equal(report.verdict, 'inconclusive');
});

t.test('without a target this machine is asked; where nothing listens the run is inconclusive', async (t) => {
  const silent = await run({}, {});
  t.strictSame(silent.observations, []);
  t.equal(silent.verdict, 'inconclusive');
  t.match(silent.inputs, [{ kind: 'target', path: 'default ports of this machine' }]);
  const withoutIpv6: World = {
    change: {
      survey: async (target) =>
        observed(target, { kind: 'no-answer', because: target.address === '::1' ? 'unreachable' : 'refused' }),
    },
  };
  t.strictSame((await run({}, withoutIpv6)).observations, []);
  const alive = await run({}, { answers: { '127.0.0.1:6123': MUTUAL_TLS } });
  t.strictSame(places(alive), ['o1 jobmanager-rpc 127.0.0.1:6123']);
  t.equal(alive.verdict, 'pass');
});

t.test('a clear internal channel fails the run, whatever else was not seen', async (t) => {
  const { kind, plaintext } = clear({ channel: 'blob-server' });
  const answers = { '10.0.0.1:6124': { kind, plaintext: plaintext! } };
  const report = await run({ named: named('blob-server=10.0.0.1:6124', 'nowhere:1') }, { answers });
  t.equal(report.verdict, 'fail');
  t.match(report.findings[0], { ruleId: 'plaintext-channel', severity: 'critical', channel: 'blob-server' });
});

t.test('an endpoint that answered only a part of the questions has not passed', async (t) => {
  const asked = {
    profile: 'standard',
    connections: 9,
    complete: false,
    reason: 'connection-limit',
    logLines: 0,
    attempts: [],
  } as const;
  const report = await run(
    { named: named('blob-server=10.0.0.1:6124') },
    { answers: { '10.0.0.1:6124': { ...MUTUAL_TLS, asked } } },
  );
  t.equal(report.verdict, 'inconclusive');
});

t.test('an interrupt leaves what was found, marked incomplete, and asks no further', async (t) => {
  const controller = new AbortController();
  const asked: number[] = [];
  const world: World = {
    change: {
      survey: async (target) => {
        asked.push(target.port);
        if (asked.length === 2) controller.abort();
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  const targets = [1, 2, 3, 4, 5].map((port) => `10.0.0.1:${port}`);
  const report = await run({ named: named(...targets), parallel: 1, signal: controller.signal }, world);
  t.equal(asked.length, 2);
  t.equal(report.observations.length, 2);
  t.equal(report.complete, false);
  t.equal(report.verdict, 'inconclusive');
});

t.test('no more endpoints are asked at a time than wanted, and different hosts come first', async (t) => {
  let open = 0;
  let most = 0;
  const order: string[] = [];
  const world: World = {
    change: {
      survey: async (target) => {
        order.push(target.address);
        most = Math.max(most, ++open);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  const targets = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].flatMap((host) => [1, 2, 3].map((port) => `${host}:${port}`));
  await run({ named: named(...targets), parallel: 3 }, world);
  t.equal(most, 3);
  for (const turn of [0, 3, 6]) t.equal(new Set(order.slice(turn, turn + 3)).size, 3, `turn from ${turn}`);
});

t.test('a survey that throws costs its endpoint, is told as a defect (4), and the run goes on', async (t) => {
  const warned: string[] = [];
  const world: World = {
    change: {
      survey: async (target) => {
        if (target.port === 1) throw new Error('boom');
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  const asked = {
    named: named('10.0.0.1:1', 'blob-server=10.0.0.1:2'),
    warn: (line: string) => void warned.push(line),
  };
  const report = await run(asked, world);
  t.match(warned, [/defect.*10\.0\.0\.1:1.*boom/s]);
  t.strictSame(
    report.observations.map(({ kind }) => kind),
    ['tls', 'undecided'],
  );
  t.equal(report.verdict, 'inconclusive');
  t.match(report.findings, [{ ruleId: 'probe-incomplete', verdict: 'error', endpoint: { port: 1 } }]);
  t.equal(exitCodeOf(report), 4);
  const { kind, plaintext } = clear({ channel: 'blob-server' });
  const survey: Instruments['survey'] = async (target) => {
    if (target.port === 1) throw new Error('boom');
    return observed(target, { kind, plaintext: plaintext! });
  };
  t.equal(exitCodeOf(await run(asked, { change: { survey } })), 1, 'but where something is found');
});

t.test('a collect sink is never asked, by whatever name', async (t) => {
  const warned: string[] = [];
  const asked: number[] = [];
  const world: World = {
    change: {
      survey: async (target) => {
        asked.push(target.port);
        return observed(target, MUTUAL_TLS);
      },
    },
  };
  const text = 'taskmanager.collect-sink.port: 6130\ntaskmanager.data.port: 6121\n';
  await run(
    {
      named: named('10.0.0.2:6130', 'taskmanager-data=10.0.0.2:6121'),
      configurations: [{ member: 'tm1', path: 'conf', files: [{ name: 'config.yaml', text }] }],
      warn: (line) => void warned.push(line),
    },
    world,
  );
  t.strictSame(asked, [6121]);
  t.match(warned, [/^10\.0\.0\.2:6130 is not asked: .*collect sink/]);
});

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

t.test('the run says how long it watched', async (t) => {
  const report = await run({ named: named('blob-server=10.0.0.1:6124') }, { answers: { '10.0.0.1:6124': MUTUAL_TLS } });
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  t.ok(seconds > 0);
  t.equal(report.watchedSeconds, seconds);
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

t.test('the uid of an association tells the process', async (t) => {
  const { kind, plaintext } = clear({ channel: 'jobmanager-rpc' });
  const details = { origins: ['pekko.tcp://flink@jm:6123 uid 00000000112233ff'] };
  const answers = { '10.0.0.1:6123': { kind, plaintext: { ...plaintext!, details } } };
  const report = await run({ named: named('jobmanager-rpc=10.0.0.1:6123') }, { answers });
  t.strictSame(report.processes, [
    { component: 'jobmanager', member: '10.0.0.1', source: 'rpc', identity: '00000000112233ff' },
  ]);
});

t.test('the same cluster gives the same report ten times, but for times', async (t) => {
  const targets = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((host) => `taskmanager-data=${host}:6121`);
  const { kind, plaintext } = clear({ channel: 'taskmanager-data' });
  const inClear: Answer = { kind, plaintext: plaintext! };
  const answers = { '10.0.0.1:6121': MUTUAL_TLS, '10.0.0.3:6121': MUTUAL_TLS, '10.0.0.4:6121': inClear };
  const once = async (): Promise<unknown> => {
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    const base = instruments({ answers });
    const report = await run(
      { named: named(...targets) },
      {
        change: {
          survey: async (target) => {
            await pause();
            const seen = await base.survey(target);
            // Whoever answers first is observed first.
            return { ...seen, observedAt: new Date(STARTED + performance.now()).toISOString() };
          },
        },
      },
    );
    const observations = report.observations.map((one) => ({ ...one, observedAt: '' }));
    return { ...report, observations, startedAt: '', finishedAt: '', watchedSeconds: 0 };
  };
  const first = await once();
  for (let time = 1; time < 10; time++) t.strictSame(await once(), first);
});
