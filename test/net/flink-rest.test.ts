import t from 'tap';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import { noIpv6 } from '../support/capture-tools.ts';
import { clusterAnswers, type RestAnswers, serveRest } from '../support/flink-rest-server.ts';
import { asking, faultOf } from './flink-rest-asking.ts';

const JOB = '243747bd3225e856fc1d6432daaecd4a';

t.test('answers of Flink 1.20.3 are read', async (t) => {
  await asking(clusterAnswers('all'), async (rest, server) => {
    t.strictSame(await rest.dashboard(), {
      flinkVersion: '1.20.3',
      revision: '01e3a6d @ 2025-09-20T02:22:05+02:00',
      isHistory: false,
    });
    t.strictSame(await rest.overview(), { taskManagers: 2, flinkVersion: '1.20.3', jobsRunning: 1 });
    const config = await rest.jobManagerConfig();
    t.equal(config.length, 33);
    t.strictSame(
      config.find(({ key }) => key === 'security.ssl.rest.keystore-password'),
      { key: 'security.ssl.rest.keystore-password', value: '******' },
    );
    t.strictSame(await rest.taskManagers(), [
      {
        id: 'tm2-24562',
        path: 'pekko.ssl.tcp://flink@tm2:6122/user/rpc/taskmanager_0',
        dataPort: 6121,
        jmxPort: -1,
        lastHeartbeatAt: 1795356011526,
      },
      {
        id: 'tm1-23475',
        path: 'pekko.ssl.tcp://flink@tm1:6122/user/rpc/taskmanager_0',
        dataPort: 6121,
        jmxPort: -1,
        lastHeartbeatAt: 1795356011553,
      },
    ]);
    t.strictSame(await rest.jobs(), [{ id: JOB, name: 'flinkprobe test bed', state: 'RUNNING' }]);
    t.strictSame(await rest.checkpoints(JOB), { externalPaths: [] });
    t.strictSame(await rest.checkpointConfig(JOB), {
      storage: 'FileSystemCheckpointStorage',
      stateBackend: 'HashMapStateBackend',
    });
    t.equal(rest.trust, 'clear');
    t.strictSame(
      server.asked.filter((one) => !one.startsWith('GET ')),
      [],
      'nothing but GET',
    );
  });
});

t.test('a prefix of the URL stands before every path', async (t) => {
  for (const ending of ['/flink/prod', '/flink/prod/']) {
    const answers = { '/flink/prod/config': clusterAnswers('off')['/config']! };
    const server = await serveRest(answers);
    const rest = new FlinkRest({ url: `${server.url}${ending}`, timeoutMs: 2000 });
    t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
    t.strictSame(server.asked, ['GET /flink/prod/config']);
    await rest.close();
    await server.close();
  }
});

t.test('URLs that cannot be meant are refused with what to write', (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['jm:8081', /http:\/\/HOST:PORT/],
    ['jm', /http:\/\/HOST:PORT/],
    ['ftp://jm:8081', /http:\/\/HOST:PORT/],
    ['http://', /no URL/],
    ['http://jm:99999', /no URL/],
    ['http://jm:8081/?token=x', /no query/],
    ['http://jm:8081/#/overview', /no fragment/],
    ['', /HOST:PORT/],
  ];
  for (const [url, message] of refused) {
    t.throws(() => new FlinkRest({ url, timeoutMs: 1 }), { fault: 'bad-access', message }, url);
  }
  t.throws(() => new FlinkRest({ url: 'http://me:hunter2@jm:8081', timeoutMs: 1 }), { message: /in a file/ });
  t.throws(
    () => new FlinkRest({ url: 'http://me:hunter2@jm:8081', timeoutMs: 1 }),
    { message: /^(?!.*hunter2)/ },
    'the password is not repeated',
  );
  t.end();
});

t.test('authorisation is sent as its file says it', async (t) => {
  const basic = { kind: 'basic', value: 'flink:pässword\n' } as const;
  await asking(
    clusterAnswers('off'),
    async (rest, server) => {
      await rest.dashboard();
      const header = server.headers[0]?.authorization ?? '';
      t.equal(Buffer.from(header.replace('Basic ', ''), 'base64').toString('utf8'), 'flink:pässword');
    },
    { authorization: basic },
  );
  await asking(
    clusterAnswers('off'),
    async (rest, server) => {
      await rest.dashboard();
      t.equal(server.headers[0]?.authorization, 'Bearer abc.def');
    },
    { authorization: { kind: 'bearer', value: ' abc.def\r\n' } },
  );
  for (const authorization of [
    { kind: 'basic', value: 'no colon' },
    { kind: 'basic', value: 'a:b\nX-Evil: 1' },
    { kind: 'bearer', value: 'token\r\nX-Evil: 1' },
    { kind: 'bearer', value: '  ' },
  ] as const) {
    const make = (): FlinkRest => new FlinkRest({ url: 'http://jm', timeoutMs: 1, authorization });
    t.throws(
      make,
      { fault: 'bad-access', message: /^(?!.*(?:Evil|no colon|token\r))/ },
      'and the value is not repeated',
    );
  }
});

t.test('an interruption ends a question, and lets no further one start', async (t) => {
  const stop = new AbortController();
  await asking(
    { '/config': () => stop.abort() },
    async (rest, server) => {
      t.equal((await faultOf(rest.dashboard())).fault, 'interrupted');
      t.equal((await faultOf(rest.overview())).fault, 'interrupted');
      t.equal(server.asked.length, 1);
    },
    { signal: stop.signal },
  );
});

t.test('after a failure the next question has a connection of its own', async (t) => {
  let times = 0;
  const answers: RestAnswers = {
    '/config': (request, response) => {
      times += 1;
      if (times === 1) request.socket.destroy();
      else response.end(clusterAnswers('off')['/config']);
    },
  };
  await asking(answers, async (rest) => {
    t.equal((await faultOf(rest.dashboard())).fault, 'closed');
    t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
  });
});

t.test('IPv6 works', { skip: noIpv6 }, async (t) => {
  const server = await serveRest(clusterAnswers('off'), undefined, '::1');
  const rest = new FlinkRest({ url: server.url, timeoutMs: 2000 });
  t.equal((await rest.dashboard()).flinkVersion, '1.20.3');
  await rest.close();
  await server.close();
});
