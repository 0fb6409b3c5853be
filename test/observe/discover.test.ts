import t from 'tap';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { expectations } from '../../src/flink/expectation.ts';
import { FlinkRest } from '../../src/net/flink-rest.ts';
import type { RestReader } from '../../src/net/flink-rest-types.ts';
import { type Discovery, type DiscoveryOptions, discoverByRest } from '../../src/observe/discover.ts';
import type { NamedTarget } from '../../src/observe/named-target.ts';
import { clusterAnswers, type RestAnswers, recorded, serveRest } from '../support/flink-rest-server.ts';

const probes = await loadProbes();

/** As on the machines of the recordings. */
const ADDRESSES: Readonly<Record<string, string>> = {
  ...{ jm: '10.77.0.1', tm1: '10.77.0.2', tm2: '10.77.0.3', localhost: '127.0.0.1' },
  ...{ '127.0.0.1': '127.0.0.1', '10.0.0.7': '10.0.0.7', '10.0.0.8': '10.0.0.8' },
};

const OPTIONS: DiscoveryOptions = {
  probes,
  resolve: async (name) => [ADDRESSES[name]].filter((address) => address !== undefined),
  ownAddresses: new Set(['127.0.0.1', '::1']),
};

async function discover(answers: RestAnswers, options: Partial<DiscoveryOptions> = {}): Promise<Discovery> {
  const server = await serveRest(answers);
  const rest = new FlinkRest({ url: server.url, timeoutMs: 2000 });
  try {
    return await discoverByRest(rest, { ...OPTIONS, ...options });
  } finally {
    await rest.close();
    await server.close();
  }
}

interface Entry {
  readonly key: string;
  readonly value: string;
}

/** The recorded configuration of the clear cluster, with these keys set or, as undefined, left out. */
function changed(settings: Readonly<Record<string, string | undefined>>): Entry[] {
  const entries = (recorded('off-jobmanager-config') as Entry[]).filter(({ key }) => !(key in settings));
  return [
    ...entries,
    ...Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
  ];
}

function taskManager(id: string, place: string, more: object = {}): object {
  const path = `pekko.ssl.tcp://flink@${place}/user/rpc/taskmanager_0`;
  return { id, path, dataPort: 45_689, jmxPort: -1, timeSinceLastHeartbeat: 1, ...more };
}

/** `rest jm:8081 jobmanager/jm discovery`, but for the port of the stand-in. */
function texts(targets: readonly NamedTarget[]): string[] {
  return targets
    .filter(({ channel, channelBasis }) => channel !== 'rest' || channelBasis !== 'discovery')
    .map(({ channel, name, port, component, member, channelBasis }) => {
      return `${channel} ${name}:${port} ${component ?? '?'}/${member ?? '?'} ${channelBasis}`;
    })
    .sort();
}

t.test('a recorded cluster is found whole: what REST tells, and what its configuration fixes', async (t) => {
  const found = await discover(clusterAnswers('all'));
  t.strictSame(texts(found.endpoints), [
    'blob-server jm:6124 jobmanager/jm discovery',
    'jobmanager-rpc jm:6123 jobmanager/jm discovery',
    'metrics-query-service jm:6126 jobmanager/jm configuration',
    'metrics-query-service tm1:6126 taskmanager/tm1 port',
    'metrics-query-service tm2:6126 taskmanager/tm2 port',
    'rest jm:8081 jobmanager/jm configuration',
    'taskmanager-data tm1:6121 taskmanager/tm1 discovery',
    'taskmanager-data tm2:6121 taskmanager/tm2 discovery',
    'taskmanager-rpc tm1:6122 taskmanager/tm1 discovery',
    'taskmanager-rpc tm2:6122 taskmanager/tm2 discovery',
  ]);
  const asked = found.endpoints.find(({ channel, channelBasis }) => channel === 'rest' && channelBasis === 'discovery');
  t.match(asked, { name: '127.0.0.1', component: 'jobmanager', member: 'jm' }, 'the port that was asked');
  t.equal(found.flinkVersion, '1.20.3');
  t.equal(found.trust, 'clear');
  t.strictSame(found.lost, []);
  t.strictSame(found.jobManager, { host: 'jm', member: 'jm' });
  t.strictSame(
    found.processes,
    [
      ['jobmanager', 'jm', 'b81f13f7-153a-443e-b1c7-8552380ee91b'],
      ['taskmanager', 'tm2', 'tm2-24562'],
      ['taskmanager', 'tm1', 'tm1-23475'],
    ].map(([component, member, identity]) => ({ component, member, source: 'rest', identity })),
  );
});

t.test('each TaskManager’s own RPC scheme is kept as evidence', async (t) => {
  const schemes = async (cluster: 'all' | 'off'): Promise<unknown[]> =>
    (await discover(clusterAnswers(cluster))).taskManagers.map(({ rpcScheme }) => rpcScheme);
  t.strictSame(await schemes('all'), ['pekko.ssl.tcp', 'pekko.ssl.tcp']);
  t.strictSame(await schemes('off'), ['pekko.tcp', 'pekko.tcp']);
  const old = { ...taskManager('a', 'tm1:1'), path: 'akka.tcp://flink@tm1:1/user/rpc/taskmanager_0' };
  const found = await discover({ ...clusterAnswers('off'), '/taskmanagers': { taskmanagers: [old] } });
  t.equal(found.taskManagers[0]?.rpcScheme, 'akka.tcp', 'Flink up to 1.17');
});

t.test('the configuration promises what the cluster does', async (t) => {
  const promised = async (cluster: 'all' | 'off'): Promise<Record<string, string>> => {
    const { configuration } = await discover(clusterAnswers(cluster));
    const wanted = ['rest', 'jobmanager-rpc', 'taskmanager-data', 'blob-server'];
    const all = expectations([configuration], probes).filter(({ channel }) => wanted.includes(channel));
    return Object.fromEntries(all.map((one) => [one.channel, `${one.tls} ${one.clientAuthentication} ${one.port}`]));
  };
  t.strictSame(await promised('all'), {
    'blob-server': 'required required 6124',
    'jobmanager-rpc': 'required required 6123',
    rest: 'required required 8081',
    'taskmanager-data': 'required required 6121',
  });
  t.strictSame(await promised('off'), {
    'blob-server': 'forbidden none 6124',
    'jobmanager-rpc': 'forbidden none 6123',
    rest: 'forbidden none 8081',
    'taskmanager-data': 'forbidden none 6121',
  });
  const { configuration } = await discover(clusterAnswers('all'));
  t.strictSame(configuration.setting('security.ssl.internal.enabled'), {
    key: 'security.ssl.internal.enabled',
    value: 'true',
    origin: 'rest',
  });
  t.equal(configuration.file, undefined);
  t.equal(configuration.atLeast('1.20'), true);
  t.equal(configuration.atLeast('2.0'), false);
});

t.test('random ports on one host are found, and each process keeps a name of its own', async (t) => {
  const found = await discover(clusterAnswers('random'));
  t.strictSame(texts(found.endpoints), [
    'blob-server localhost:39379 jobmanager/jobmanager discovery',
    'jobmanager-rpc localhost:6123 jobmanager/jobmanager discovery',
    'rest localhost:8081 jobmanager/jobmanager configuration',
    'taskmanager-data 127.0.0.1:37919 taskmanager/127.0.0.1:35877 discovery',
    'taskmanager-data 127.0.0.1:45689 taskmanager/127.0.0.1:33059 discovery',
    'taskmanager-rpc 127.0.0.1:33059 taskmanager/127.0.0.1:33059 discovery',
    'taskmanager-rpc 127.0.0.1:35877 taskmanager/127.0.0.1:35877 discovery',
  ]);
  t.strictSame(found.notes, [
    'metrics-query-service: random port (metrics.internal.query-service.port is 0), not known from the configuration',
    'prometheus: metrics.reporter.prom.port is 9249-9260, and several processes share the host: not asked',
  ]);
  t.strictSame(found.jobs, [
    {
      ...{ id: '243747bd3225e856fc1d6432daaecd4a', name: 'flinkprobe test bed', state: 'RUNNING' },
      ...{ checkpointStorage: 'FileSystemCheckpointStorage', storageSchemes: [] },
    },
  ]);
});

t.test('names come from hosts files first, then from what Flink advertises, then from the resource id', async (t) => {
  const told: Readonly<Record<string, string>> = {
    '10.77.0.2': 'worker-a',
    '10.77.0.1': 'boss',
    '10.0.0.8': 'worker-b',
  };
  const found = await discover(
    {
      ...clusterAnswers('off'),
      '/taskmanagers': {
        taskmanagers: [
          taskManager('tm1:6122-1a2b3c', 'tm1:6122'),
          taskManager('tm2:6122-1a2b3c', 'tm2:6122'),
          taskManager('prod-taskmanager-1-1', '10.0.0.7:6122'),
          taskManager('10.0.0.8:6122-1a2b3c', '10.0.0.8:6122'),
          taskManager('[2001:db8::9]:6122-1a2b3c', '[2001:db8::9]:6122'),
        ],
      },
    },
    { memberOf: (host) => told[host] ?? (/^[a-z]/.test(host) ? host : undefined) },
  );
  t.strictSame(
    found.taskManagers.map(({ member }) => member),
    ['worker-a', 'tm2', 'prod-taskmanager-1-1', 'worker-b', '2001:db8::9'],
  );
  t.equal(found.jobManager.member, 'boss');
  t.ok(texts(found.endpoints).includes('taskmanager-rpc 2001:db8::9:6122 taskmanager/2001:db8::9 discovery'));
});

t.test('several on one host are told apart by configured ids', async (t) => {
  const taskmanagers = [taskManager('left', 'tm1:6122'), taskManager('right', 'tm1:6222')];
  const found = await discover({ ...clusterAnswers('off'), '/taskmanagers': { taskmanagers } });
  t.strictSame(
    found.taskManagers.map(({ member }) => member),
    ['left', 'right'],
  );
  t.ok(
    texts(found.endpoints).includes('metrics-query-service tm1:6126 ?/? port'),
    'which of the two has the fixed port, nobody knows',
  );
});

t.test('channels that are switched on are found at fixed ports, and at the first of a range', async (t) => {
  const found = await discover({
    ...clusterAnswers('off'),
    '/jobmanager/config': changed({
      'metrics.internal.query-service.port': '0',
      'metrics.reporter.prom.factory.class': 'org.apache.flink.metrics.prometheus.PrometheusReporterFactory',
      'metrics.reporter.prom.port': '9250-9260',
      'metrics.reporter.push.factory.class': 'org.apache.flink.metrics.prometheus.PrometheusPushGatewayReporterFactory',
      'metrics.reporter.push.port': '9091',
      'jmx.server.port': '8789',
      'metrics.reporter.beans.factory.class': 'org.apache.flink.metrics.jmx.JMXReporterFactory',
      'metrics.reporter.beans.port': '8790',
      'queryable-state.enable': 'true',
      'query.server.ports': '9167',
    }),
    '/taskmanagers': { taskmanagers: [taskManager('a', 'tm1:6122', { jmxPort: 8789 })] },
  });
  const own = texts(found.endpoints).filter((one) => !/^(?:rest|blob|jobmanager-rpc|taskmanager)/.test(one));
  t.strictSame(own, [
    'jmx jm:8789 jobmanager/jm configuration',
    'jmx jm:8790 jobmanager/jm configuration',
    'jmx tm1:8789 taskmanager/tm1 discovery',
    'prometheus jm:9250 jobmanager/jm configuration',
    'prometheus tm1:9250 taskmanager/tm1 port',
    'queryable-state tm1:9069 taskmanager/tm1 port',
    'queryable-state tm1:9167 taskmanager/tm1 port',
  ]);
  t.match(found.notes, [/metrics-query-service: random port/, /9250-9260: the first port is asked/]);
});

t.test('no collect sink, no object store, no ZooKeeper becomes a target', async (t) => {
  const found = await discover({
    ...clusterAnswers('off'),
    '/jobmanager/config': changed({
      'taskmanager.collect-sink.port': '6121',
      's3.endpoint': 'http://s3:9000',
      'execution.checkpointing.dir': 's3://flink/ck',
      'high-availability.type': 'zookeeper',
      'high-availability.zookeeper.quorum': 'zk:2181',
      'sql-gateway.endpoint.type': 'hiveserver2',
      'sql-gateway.endpoint.hiveserver2.thrift.port': '10000',
    }),
  });
  const ports = found.endpoints.map(({ port }) => port);
  for (const port of [6121, 9000, 2181, 10_000]) t.notOk(ports.includes(port), `${port}`);
  t.match(found.notes.join('\n'), /taskmanager\.collect-sink\.port: 6121: .*never connected/);
  t.ok(
    texts(found.endpoints).includes('jobmanager-rpc jm:6123 jobmanager/jm discovery'),
    'the real port, not HA’s range',
  );
});

t.test('history server and SQL gateway are targets where their own addresses are given', async (t) => {
  const found = await discover({
    ...clusterAnswers('off'),
    '/jobmanager/config': changed({
      'historyserver.web.address': 'history',
      'sql-gateway.endpoint.rest.address': 'gateway',
      'sql-gateway.endpoint.rest.port': '18083',
    }),
  });
  const all = texts(found.endpoints);
  t.ok(all.includes('history-server history:8082 history-server/? configuration'));
  t.ok(all.includes('sql-gateway gateway:18083 sql-gateway/? configuration'));
  const wild = await discover({
    ...clusterAnswers('off'),
    '/jobmanager/config': changed({ 'historyserver.web.address': '0.0.0.0' }),
  });
  t.match(wild.notes.join('\n'), /give history-server=HOST:PORT/);
  t.notOk(texts(wild.endpoints).some((one) => one.startsWith('history')));
});

t.test('a host that calls itself localhost elsewhere is not looked for here', async (t) => {
  const server = await serveRest(clusterAnswers('random'));
  const near = new FlinkRest({ url: server.url, timeoutMs: 2000 });
  const at = (url: string): RestReader => ({
    ...{ url: new URL(url), trust: 'clear' },
    ...{ dashboard: () => near.dashboard(), overview: () => near.overview(), jobs: () => near.jobs() },
    ...{ jobManagerConfig: () => near.jobManagerConfig(), taskManagers: () => near.taskManagers() },
    ...{ checkpoints: (id) => near.checkpoints(id), checkpointConfig: (id) => near.checkpointConfig(id) },
  });
  const there = await discoverByRest(at('http://10.0.0.7:8081'), OPTIONS);
  t.strictSame(
    there.endpoints.map(({ name, channel }) => `${channel} ${name}`),
    ['rest 10.0.0.7'],
  );
  t.strictSame(
    there.lost.map(({ channel, port, because }) => `${channel} ${port} ${because}`).sort(),
    [
      ...['blob-server 39379', 'jobmanager-rpc 6123', 'taskmanager-data 37919', 'taskmanager-data 45689'],
      ...['taskmanager-rpc 33059', 'taskmanager-rpc 35877'],
    ].map((one) => `${one} unresolved`),
    'and REST, which was asked under another name, is not lost',
  );
  t.match(there.notes.join('\n'), /localhost is what processes on 10\.0\.0\.7 call their own host/);
  for (const here of ['http://127.0.1.1:8081', 'http://localhost:8081', 'http://10.0.0.8:8081']) {
    const ownAddresses = new Set(['10.0.0.8']);
    const { lost } = await discoverByRest(at(here), { ...OPTIONS, ownAddresses });
    t.strictSame(lost, [], here);
  }
  await near.close();
  await server.close();
});

t.test('without jobs, checkpoints or TaskManagers a cluster is a cluster', async (t) => {
  const found = await discover({
    '/config': clusterAnswers('off')['/config']!,
    '/jobmanager/config': [],
    '/taskmanagers': { taskmanagers: [] },
  });
  t.strictSame(found.processes, []);
  t.strictSame(found.jobManager, { host: '127.0.0.1', member: 'jobmanager' });
  t.ok(texts(found.endpoints).includes('jobmanager-rpc 127.0.0.1:6123 jobmanager/jobmanager discovery'));
  t.match(found.notes.join('\n'), /jobs and their checkpoint storage are not known: .*HTTP 404/);
});

t.test('storage of jobs is told by name and scheme; jobs that ended or vanish do no harm', async (t) => {
  const job = (digit: string, state: string): object => ({ jid: digit.repeat(32), name: digit, state });
  const found = await discover({
    ...clusterAnswers('off'),
    '/jobs/overview': { jobs: [job('1', 'RUNNING'), job('2', 'FINISHED'), job('3', 'RESTARTING')] },
    [`/jobs/${'1'.repeat(32)}/checkpoints/config`]: { checkpoint_storage: 'FileSystemCheckpointStorage' },
    [`/jobs/${'1'.repeat(32)}/checkpoints`]: {
      latest: {
        completed: { external_path: 'S3://flink/ck/1/chk-3' },
        restored: { external_path: 'file:/tmp/savepoint-1' },
        savepoint: null,
      },
    },
  });
  t.strictSame(
    found.jobs.map(({ name, checkpointStorage, storageSchemes }) => [name, checkpointStorage, storageSchemes]),
    [
      ['1', 'FileSystemCheckpointStorage', ['s3', 'file']],
      ['3', undefined, []],
    ],
  );
});

t.test('an RPC address that nobody can read is told, and the others are found', async (t) => {
  const taskmanagers = [{ ...taskManager('odd', 'x'), path: 'grpc://somewhere' }, taskManager('a', 'tm1:6122')];
  const found = await discover({ ...clusterAnswers('off'), '/taskmanagers': { taskmanagers } });
  t.match(found.notes.join('\n'), /TaskManager odd: its RPC address cannot be read/);
  t.ok(texts(found.endpoints).includes('taskmanager-rpc tm1:6122 taskmanager/tm1 discovery'));
});

t.test('a history server is told from a JobManager', async (t) => {
  const config = recorded('config') as { features: object };
  const answers = { '/config': { ...config, features: { ...config.features, 'web-history': true } } };
  await t.rejects(discover(answers), { name: 'RestFailure', message: /is a history server/ });
});
