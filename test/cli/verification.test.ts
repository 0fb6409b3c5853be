import t from 'tap';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import type { Instruments } from '../../src/cli/verification-plan.ts';
import { clear } from '../support/observations.ts';
import {
  type Answer,
  instruments,
  MUTUAL_TLS,
  named,
  observed,
  places,
  run,
  STARTED,
  type World,
} from '../support/verification.ts';

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

t.test('the run says how long it watched', async (t) => {
  const report = await run({ named: named('blob-server=10.0.0.1:6124') }, { answers: { '10.0.0.1:6124': MUTUAL_TLS } });
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  t.ok(seconds > 0);
  t.equal(report.watchedSeconds, seconds);
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
