import t from 'tap';
import { loadProbes } from '../../src/evaluate/directory.ts';
import { targetsOfConfiguration } from '../../src/observe/configured-targets.ts';
import { configuration, recordedConfiguration } from '../support/configurations.ts';

const probes = await loadProbes();

function derived(text: string, member: string | null = null): { readonly targets: string[]; readonly notes: string } {
  return told(targetsOfConfiguration(configuration(text, '1.20.3', member), probes));
}

function told({ endpoints, notes }: ReturnType<typeof targetsOfConfiguration>): {
  readonly targets: string[];
  readonly notes: string;
} {
  const targets = endpoints.map(({ channel, name, port, component, member, channelBasis }) => {
    t.equal(channelBasis, 'configuration');
    return `${channel} ${name}:${port} ${component ?? '?'}/${member ?? '?'}`;
  });
  return { targets: targets.sort(), notes: notes.join('\n') };
}

t.test('the JobManager’s own configuration of a recorded cluster names its ports', (t) => {
  const jm = recordedConfiguration('1.20.3-gw-rest-jm-config.yaml', 'jm', '1.20.3');
  const { targets, notes } = told(targetsOfConfiguration(jm, probes));
  t.strictSame(targets, [
    'blob-server jm:6124 jobmanager/jm',
    'jobmanager-rpc jm:6123 jobmanager/jm',
    'metrics-query-service jm:6126 jobmanager/jm',
    'rest jm:8081 jobmanager/jm',
    'sql-gateway jm:8083 sql-gateway/?',
  ]);
  t.equal(notes, '');
  t.end();
});

t.test('a TaskManager’s configuration of a recorded cluster names its ports, and the JobManager’s RPC', (t) => {
  const tm1 = recordedConfiguration('1.20.3-prom-tm1-config.yaml', 'tm1', '1.20.3');
  t.strictSame(told(targetsOfConfiguration(tm1, probes)).targets, [
    'jmx tm1:8789 taskmanager/tm1',
    'jobmanager-rpc jm:6123 jobmanager/jm',
    'metrics-query-service tm1:6126 taskmanager/tm1',
    'prometheus tm1:9249 taskmanager/tm1',
    'taskmanager-data tm1:6121 taskmanager/tm1',
    'taskmanager-rpc tm1:6122 taskmanager/tm1',
  ]);
  t.end();
});

t.test('the collect sink’s port is never a target', (t) => {
  const { targets, notes } = derived(
    'taskmanager.host: tm1\ntaskmanager.data.port: 6130\ntaskmanager.collect-sink.port: 6130',
    'tm1',
  );
  t.notOk(targets.some((one) => one.includes('6130')));
  t.match(notes, /collect-sink\.port: 6130 \(config\.yaml:3\)/);
  t.end();
});

t.test('what Flink ships says where the JobManager is, and leaves the rest to REST', (t) => {
  // conf/config.yaml of 1.19 to 2.x, without comments.
  const shipped = `
jobmanager:
  bind-host: localhost
  rpc:
    address: localhost
    port: 6123
taskmanager:
  bind-host: localhost
  host: localhost
rest:
  address: localhost
  bind-address: localhost
`;
  const { targets, notes } = derived(shipped);
  t.strictSame(targets, ['jobmanager-rpc localhost:6123 jobmanager/?', 'rest localhost:8081 jobmanager/?']);
  for (const channel of ['blob-server', 'taskmanager-rpc', 'taskmanager-data', 'metrics-query-service']) {
    t.match(notes, new RegExp(`${channel}: random port`));
  }
  t.end();
});

t.test('a configuration for all names what it can', (t) => {
  const { targets, notes } = derived(
    'jobmanager.rpc.address: jm\nrest.address: rest.example\nrest.bind-port: 8081-8090\nblob.server.port: 6124',
  );
  t.strictSame(targets, [
    'blob-server jm:6124 jobmanager/jm',
    'jobmanager-rpc jm:6123 jobmanager/jm',
    'rest rest.example:8081 jobmanager/jm',
  ]);
  t.match(notes, /rest at jm:8081: rest\.bind-port is 8081-8090: the first port is asked/);
  t.match(notes, /names no TaskManager’s host: REST lists them/);
  t.match(derived('a: b').notes, /jobmanager\.rpc\.address is not set/);
  t.strictSame(derived('a: b').targets, []);
  t.end();
});

t.test('addresses that mean every address of a host are no targets', (t) => {
  const { targets } = derived('jobmanager.rpc.address: jm\nrest.address: 0.0.0.0\ntaskmanager.host: "::"');
  t.strictSame(targets, ['jobmanager-rpc jm:6123 jobmanager/jm', 'rest jm:8081 jobmanager/jm']);
  t.end();
});

t.test('a member without taskmanager.host is taken for its own host, and that is said', (t) => {
  const { targets, notes } = derived('jobmanager.rpc.address: jm\ntaskmanager.rpc.port: 6122', 'worker-7');
  t.strictSame(targets, ['jobmanager-rpc jm:6123 jobmanager/jm', 'taskmanager-rpc worker-7:6122 taskmanager/worker-7']);
  t.match(notes, /taskmanager\.host is not set: worker-7 is taken for the host’s name/);
  t.end();
});

t.test('a member is the JobManager by address, by its first label, or by name', (t) => {
  for (const [member, address] of [
    ['jm', 'jm'],
    ['Master-1', 'master-1.example'],
    ['jobmanager', '10.0.0.1'],
    ['jm-0', '10.0.0.1'],
  ] as const) {
    const { targets } = derived(`jobmanager.rpc.address: ${address}\ntaskmanager.rpc.port: 6122`, member);
    t.strictSame(targets, [
      `jobmanager-rpc ${address}:6123 jobmanager/${member}`,
      `rest ${address}:8081 jobmanager/${member}`,
    ]);
  }
  t.match(derived('jobmanager.rpc.address: jm', 'jmeter').targets.join(), /^jobmanager-rpc jm:6123 jobmanager\/jm$/);
  t.end();
});

t.test('under high availability the RPC port is not the configured one, and another may lead', (t) => {
  const { targets, notes } = derived(
    'jobmanager.rpc.address: jm\njobmanager.rpc.port: 6123\nhigh-availability.type: zookeeper',
  );
  t.strictSame(targets, ['rest jm:8081 jobmanager/jm']);
  t.match(notes, /jobmanager-rpc: random port \(high-availability\.jobmanager\.port is 0\)/);
  t.match(notes, /zookeeper: the leading JobManager may be another/);
  const fixed = derived(
    'jobmanager.rpc.address: jm\nhigh-availability.type: zookeeper\nhigh-availability.jobmanager.port: 6200',
  );
  t.ok(fixed.targets.includes('jobmanager-rpc jm:6200 jobmanager/jm'));
  t.end();
});
